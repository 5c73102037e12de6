//! The only place that opens secrets.

use crate::event::SecretRef;
use secrecy::SecretString;
use std::io::Read;

/// The most bytes that a secret may have.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Opens a secret: the file or variable, without the line ends behind it.
///
/// # Errors
/// A sentence that names the place, never the content: it is missing, empty, too long or no text.
pub fn open_secret(place: &SecretRef) -> Result<SecretString, String> {
    let mut text = match place {
        SecretRef::File(path) => {
            let failed = |error: std::io::Error| format!("the {place} cannot be read: {error}");
            let file = std::fs::File::open(path).map_err(failed)?;
            let mut text = String::new();
            file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
            text
        }
        SecretRef::Env(name) => std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => format!("the {place} is not set"),
            std::env::VarError::NotUnicode(_) => format!("the {place} is no text"),
        })?,
    };
    if text.len() as u64 > SECRET_BYTES_MAX {
        return Err(format!("the {place} holds more than {SECRET_BYTES_MAX} bytes"));
    }
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    if text.is_empty() {
        return Err(format!("the {place} is empty"));
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn open(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        open_secret(&SecretRef::File(path)).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn opens_what_stands_there_and_says_why_it_cannot() {
        assert_eq!(open(b"hunter2\r\n").unwrap(), "hunter2");
        assert_eq!(open(b" two words \n\n").unwrap(), " two words ");
        assert!(open(b"\n").unwrap_err().contains("is empty"));
        assert!(open(&vec![b'x'; 64 * 1024]).is_ok());
        assert!(open(&vec![b'x'; 64 * 1024 + 1]).unwrap_err().contains("more than"));
        assert!(open(&[0xff, 0xfe]).is_err());
        let missing = SecretRef::Env("TIDINGS_TEST_NO_SUCH_VARIABLE".to_owned());
        let wanted = "the environment variable TIDINGS_TEST_NO_SUCH_VARIABLE is not set";
        assert_eq!(open_secret(&missing).unwrap_err(), wanted);
        assert!(open_secret(&SecretRef::File("/no/such/file".into())).is_err());
    }
}
