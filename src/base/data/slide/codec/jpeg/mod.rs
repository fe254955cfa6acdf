//! JPEG: the stream is taken apart, completed with the tables and the size that the file keeps elsewhere, and decoded
//! strictly. What the components mean is decided here, not by the decoder.

mod decode;
mod scan;
mod stream;
mod whole;

pub(in crate::data::slide) use decode::decode_stream;
pub use decode::{JpegColor, decode, decode_plain};
pub use stream::{JpegStream, JpegTables};
pub use whole::is_whole;
