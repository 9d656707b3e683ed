use crate::domain::TokenRole;

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Name for the history.
    pub by: String,
    /// Of its locks on records.
    pub session: String,
    /// `None`: the browser of the session, which may do everything.
    pub roles: Option<Vec<TokenRole>>,
}

impl Caller {
    pub fn is_program(&self) -> bool {
        self.roles.is_some()
    }

    /// Whether it has one of these roles.
    pub fn has_one_of(&self, needed: &[TokenRole]) -> bool {
        let has = |needed: &TokenRole| match &self.roles {
            Some(roles) => roles.iter().any(|role| role.includes(*needed)),
            None => true,
        };
        needed.iter().any(has)
    }
}
