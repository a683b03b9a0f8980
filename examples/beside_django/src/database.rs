//! The tables of Django that the service uses: `django_session` and `auth_user`.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Result, Row};
use tower_django_cookies::time::{OffsetDateTime, UtcOffset};

/// A row of `auth_user`, with the columns that the service needs.
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The password hash.
    pub(crate) password: String,
}

impl User {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            password: row.get(2)?,
        })
    }
}

/// The `SQLite` file of the Django site.
pub(crate) struct Database(Mutex<Connection>);

impl Database {
    /// Opens the file. Django has created it and its tables.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Self(Mutex::new(Connection::open_with_flags(path, flags)?)))
    }

    /// Runs queries. They block the thread, and may wait while Django writes to the file.
    fn run<T>(&self, queries: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        tokio::task::block_in_place(|| {
            queries(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    pub(crate) fn session_data(&self, key: &str) -> Result<Option<String>> {
        let query =
            "SELECT session_data FROM django_session WHERE session_key = ? AND expire_date > ?";
        self.run(|db| {
            let mut select = db.prepare_cached(query)?;
            let row = select.query_row((key, to_column(OffsetDateTime::now_utc())), |row| {
                row.get(0)
            });
            row.optional()
        })
    }

    /// Returns `false` if the row does not exist, because the user has logged out. In this case,
    /// never insert it.
    pub(crate) fn update_session(
        &self,
        key: &str,
        data: &str,
        expires: OffsetDateTime,
    ) -> Result<bool> {
        let query =
            "UPDATE django_session SET session_data = ?, expire_date = ? WHERE session_key = ?";
        self.run(|db| Ok(db.execute(query, (data, to_column(expires), key))? == 1))
    }

    /// Inserts the row of a session with a new key, and deletes the row with its previous key, if any.
    /// Returns `false`, and changes nothing, if the previous row does not exist.
    pub(crate) fn insert_session(
        &self,
        key: &str,
        data: &str,
        expires: OffsetDateTime,
        previous_key: Option<&str>,
    ) -> Result<bool> {
        let insert =
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)";
        self.run(|db| {
            let transaction = db.transaction()?;
            if let Some(previous_key) = previous_key {
                let delete = "DELETE FROM django_session WHERE session_key = ?";
                if transaction.execute(delete, [previous_key])? == 0 {
                    return Ok(false);
                }
            }
            transaction.execute(insert, (key, data, to_column(expires)))?;
            transaction.commit()?;
            Ok(true)
        })
    }

    pub(crate) fn delete_session(&self, key: &str) -> Result<()> {
        self.run(|db| db.execute("DELETE FROM django_session WHERE session_key = ?", [key]))?;
        Ok(())
    }

    /// Finds an active user by `id` or `username`. A session contains the id as text, which
    /// `SQLite` converts.
    pub(crate) fn active_user(&self, column: &str, value: &str) -> Result<Option<User>> {
        let columns = "id, username, password";
        let query = format!("SELECT {columns} FROM auth_user WHERE {column} = ? AND is_active");
        self.run(|db| {
            let mut select = db.prepare_cached(&query)?;
            select.query_row([value], User::from_row).optional()
        })
    }

    /// Stores the time of a login, as Django does. After this, password-reset links from before the
    /// login are no longer valid.
    pub(crate) fn set_last_login(&self, id: i64) -> Result<()> {
        let query = "UPDATE auth_user SET last_login = ? WHERE id = ?";
        self.run(|db| db.execute(query, (to_column(OffsetDateTime::now_utc()), id)))?;
        Ok(())
    }

    pub(crate) fn set_password(&self, id: i64, password: &str) -> Result<()> {
        self.run(|db| {
            db.execute(
                "UPDATE auth_user SET password = ? WHERE id = ?",
                (password, id),
            )
        })?;
        Ok(())
    }
}

/// Formats a time as Django does for `SQLite`: in UTC, without an offset. The texts sort by time.
fn to_column(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (hour, minute, second, microsecond) = time.to_hms_micro();
    format!(
        "{} {hour:02}:{minute:02}:{second:02}.{microsecond:06}",
        time.date()
    )
}
