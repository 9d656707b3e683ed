use std::path::{Path, PathBuf};

/// The user's folder for data of programs; `None` without a home folder. A variable that
/// is empty or relative counts as not set
/// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
pub fn user_data_folder() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share"));
    std::env::var_os("XDG_DATA_HOME")
        .filter(|path| Path::new(path).is_absolute())
        .map(PathBuf::from)
        .or_else(home)
}
