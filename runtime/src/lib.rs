//! Part of Nevil.
