//! temporary
/// t
pub struct Safety;
