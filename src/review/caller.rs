use crate::domain::{TokenRole, UserRole};

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Name for the history.
    pub by: String,
    /// Of its locks on records.
    pub session: String,
    pub kind: CallerKind,
}

#[derive(Clone, Debug)]
pub enum CallerKind {
    /// The browser that opened the link, which may do everything.
    Link,
    /// The browser of a person who signed in.
    User {
        role: UserRole,
        /// Value of the header against CSRF.
        csrf: String,
    },
    /// A program with a token of these roles.
    Program(Vec<TokenRole>),
}

impl Caller {
    pub fn is_program(&self) -> bool {
        matches!(self.kind, CallerKind::Program(_))
    }

    /// Whether it may do what one of these roles allows.
    pub fn has_one_of(&self, needed: &[TokenRole]) -> bool {
        let has = |needed: &TokenRole| match &self.kind {
            CallerKind::Link => true,
            CallerKind::User { role, .. } => role.includes(*needed),
            CallerKind::Program(roles) => roles.iter().any(|role| role.includes(*needed)),
        };
        needed.iter().any(has)
    }

    /// Whether it may give the second approval of a record.
    pub fn may_approve_second(&self) -> bool {
        match self.kind {
            CallerKind::User { role, .. } => role >= UserRole::Approver,
            CallerKind::Link | CallerKind::Program(_) => true,
        }
    }
}
