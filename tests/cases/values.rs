//! What genes and values mean on the small inputs.
