//! YCbCr as JFIF defines it (ITU-R BT.601, full range).

/// Red, green and blue of a colour, rounded as libjpeg does.
pub fn to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let half = 1 << 15;
    let clamp = |v: i32| (v >> 16).clamp(0, 255) as u8;
    [
        clamp(y + 91_881 * cr + half),
        clamp(y - 22_554 * cb - 46_802 * cr + half),
        clamp(y + 116_130 * cb + half),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_come_out() {
        assert_eq!(to_rgb(76, 85, 255), [254, 0, 0]);
        assert_eq!(to_rgb(255, 128, 128), [255; 3]);
        assert_eq!(to_rgb(29, 255, 107), [0, 0, 254]);
    }
}
