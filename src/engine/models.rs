//! The models: the SQL files of `queries/`, where they come from and in which order they run.
//!
//! Owns loading (embedded in the binary, or from a directory that replaces and adds files), the checks across files and the
//! order. Owns neither the header's syntax ([`super::header`]) nor the running of SQL ([`super::Engine`]).

use super::header::{Header, HeaderError, ParamValue};
use super::tables::BASE_TABLES;
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// Parameter overrides, keyed `model.parameter`.
pub type Overrides = BTreeMap<String, ParamValue>;

/// Why the models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file or directory could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A header is wrong.
    #[error("{file}:{line}: {source}", line = source.line)]
    Header {
        /// Which file.
        file: String,
        /// What and where.
        #[source]
        source: HeaderError,
    },
    /// The files do not fit together.
    #[error("{file}: {problem}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// An override names nothing.
    #[error("[params]: {problem}")]
    Override {
        /// What is wrong.
        problem: String,
    },
}

/// One model: a header and one SELECT statement.
#[derive(Debug, Clone)]
pub struct Model {
    /// File as messages name it: `queries/x.sql`, or the path of the file that replaced it.
    pub file: String,
    /// Header.
    pub header: Header,
    /// The whole file.
    pub sql: String,
}

impl Model {
    /// Parses one file; its name without `.sql` must be the model's.
    pub fn parse(file: impl Into<String>, sql: &str) -> Result<Self, ModelError> {
        let file = file.into();
        let header = match Header::parse(sql) {
            Ok(header) => header,
            Err(source) => return Err(ModelError::Header { file, source }),
        };
        let stem = Path::new(&file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if stem != header.model {
            let problem = format!("the model is called `{}`, the file is not", header.model);
            return Err(ModelError::File { file, problem });
        }
        for param in &header.params {
            if !uses_param(sql, &param.name) {
                let problem = format!("parameter `{}` is declared and never used as `${}`", param.name, param.name);
                return Err(ModelError::File { file, problem });
            }
        }
        Ok(Self { file, header, sql: sql.to_owned() })
    }

    /// Name.
    pub fn name(&self) -> &str {
        &self.header.model
    }

    /// The values of the parameters under `overrides`, in the order of the header.
    pub fn params(&self, overrides: &Overrides) -> Result<Vec<(String, ParamValue)>, ModelError> {
        let mut params = Vec::with_capacity(self.header.params.len());
        for param in &self.header.params {
            let key = format!("{}.{}", self.name(), param.name);
            let value = match overrides.get(&key) {
                None => param.default.clone(),
                Some(value) => value.as_type_of(&param.default).ok_or_else(|| ModelError::Override {
                    problem: format!("{key} is of type {}, not {}", param.default.type_name(), value.type_name()),
                })?,
            };
            params.push((param.name.clone(), value));
        }
        Ok(params)
    }
}

fn uses_param(sql: &str, name: &str) -> bool {
    sql.match_indices('$').any(|(at, _)| {
        let rest = &sql[at + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        &rest[..end] == name
    })
}

/// Every model, in an order in which each comes after what it reads (ties by name).
#[derive(Debug, Clone)]
pub struct Models(Vec<Model>);

impl Models {
    /// The models embedded in the binary.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::of(embedded_files()?.into_values().collect())
    }

    /// The embedded models, with the `.sql` files of `directory` in place of those of the same name and beside the others.
    pub fn with_directory(directory: &Path) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read { path: directory.to_path_buf(), source };
        let mut models = embedded_files()?;
        for entry in std::fs::read_dir(directory).map_err(read)? {
            let path = entry.map_err(read)?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let sql =
                    std::fs::read_to_string(&path).map_err(|source| ModelError::Read { path: path.clone(), source })?;
                let model = Model::parse(path.display().to_string(), &sql)?;
                models.insert(model.name().to_owned(), model);
            }
        }
        Self::of(models.into_values().collect())
    }

    /// Checks the models against each other and orders them.
    pub fn of(models: Vec<Model>) -> Result<Self, ModelError> {
        let mut waiting = BTreeMap::new();
        for model in models {
            if BASE_TABLES.contains(&model.name()) {
                let problem = "the name is that of a base table".to_owned();
                return Err(ModelError::File { file: model.file, problem });
            }
            if let Some(other) = waiting.insert(model.name().to_owned(), model) {
                let problem = "two files have the same model name".to_owned();
                return Err(ModelError::File { file: other.file, problem });
            }
        }
        for model in waiting.values() {
            let unknown = |name: &&String| !waiting.contains_key(*name) && !BASE_TABLES.contains(&name.as_str());
            if let Some(name) = model.header.needs().find(unknown) {
                let problem = format!("reads `{name}`, which is neither a model nor a base table");
                return Err(ModelError::File { file: model.file.clone(), problem });
            }
        }
        let mut ordered: Vec<Model> = Vec::with_capacity(waiting.len());
        loop {
            let ready = waiting
                .values()
                .find(|model| !model.header.needs().any(|name| waiting.contains_key(name)))
                .map(|model| model.name().to_owned());
            let Some(model) = ready.and_then(|name| waiting.remove(&name)) else { break };
            ordered.push(model);
        }
        match waiting.into_values().next() {
            None => Ok(Self(ordered)),
            Some(model) => {
                let problem = "reads itself, directly or through the models that it reads".to_owned();
                Err(ModelError::File { file: model.file, problem })
            }
        }
    }

    /// Every model in order.
    pub fn iter(&self) -> impl Iterator<Item = &Model> {
        self.0.iter()
    }

    /// The model with this name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.0.iter().find(|model| model.name() == name)
    }

    /// The models that `targets` need, themselves included, in order. Base tables need none.
    pub fn needed_for(&self, targets: &[&str]) -> Vec<&Model> {
        let mut needed: BTreeSet<&str> = targets.iter().copied().collect();
        for model in self.0.iter().rev() {
            if needed.contains(model.name()) {
                needed.extend(model.header.needs().map(String::as_str));
            }
        }
        self.0.iter().filter(|model| needed.contains(model.name())).collect()
    }

    /// Errors when an override names no parameter of any model.
    pub fn check_overrides(&self, overrides: &Overrides) -> Result<(), ModelError> {
        for key in overrides.keys() {
            let model = key.split_once('.').and_then(|(model, name)| {
                self.get(model).filter(|model| model.header.params.iter().any(|param| param.name == name))
            });
            let Some(model) = model else {
                return Err(ModelError::Override {
                    problem: format!("no model has a parameter `{key}`; `footlight config show` lists them"),
                });
            };
            model.params(overrides)?;
        }
        Ok(())
    }
}

/// Reads `[params]` of `footlight.toml`: `[params.sig_x] min_n = 3` and `"sig_x.min_n" = 3` both become `sig_x.min_n`.
pub fn overrides_from_toml(params: &toml::Table) -> Result<Overrides, ModelError> {
    let mut overrides = Overrides::new();
    for (key, value) in params {
        match value {
            toml::Value::Table(inner) => {
                for (name, value) in inner {
                    overrides.insert(format!("{key}.{name}"), override_value(&format!("{key}.{name}"), value)?);
                }
            }
            _ => {
                overrides.insert(key.clone(), override_value(key, value)?);
            }
        }
    }
    Ok(overrides)
}

fn override_value(key: &str, value: &toml::Value) -> Result<ParamValue, ModelError> {
    match value {
        toml::Value::Integer(number) => Ok(ParamValue::Int(*number)),
        toml::Value::Float(number) => Ok(ParamValue::Float(*number)),
        toml::Value::String(text) => Ok(ParamValue::Text(text.clone())),
        toml::Value::Boolean(flag) => Ok(ParamValue::Bool(*flag)),
        _ => Err(ModelError::Override { problem: format!("{key} is no int, float, text or bool") }),
    }
}

fn embedded_files() -> Result<BTreeMap<String, Model>, ModelError> {
    let mut models = BTreeMap::new();
    for file in EMBEDDED.files().filter(|file| file.path().extension().is_some_and(|extension| extension == "sql")) {
        let name = format!("queries/{}", file.path().display());
        let Some(sql) = file.contents_utf8() else {
            return Err(ModelError::File { file: name, problem: "is not UTF-8".to_owned() });
        };
        let model = Model::parse(name, sql)?;
        models.insert(model.name().to_owned(), model);
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, reads: &str) -> Model {
        let sql = format!("-- model: {name}\n-- grain: row\n-- reads: {reads}\n-- params: least = 3\nselect $least\n");
        Model::parse(format!("{name}.sql"), &sql).unwrap()
    }

    #[test]
    fn readers_come_after_what_they_read_and_ties_go_by_name() {
        let models = Models::of(vec![model("z", "events"), model("a", "m, z"), model("m", "events")]).unwrap();
        assert_eq!(models.iter().map(Model::name).collect::<Vec<_>>(), ["m", "z", "a"]);
        assert_eq!(models.needed_for(&["z"]).len(), 1);
        assert_eq!(models.needed_for(&["a", "events"]).len(), 3);
    }

    #[test]
    fn cycles_strangers_and_doubles_are_named() {
        let wrong = |models: Vec<Model>| Models::of(models).unwrap_err().to_string();
        assert!(wrong(vec![model("a", "b"), model("b", "a")]).starts_with("a.sql: reads itself"));
        assert_eq!(
            wrong(vec![model("a", "nowhere")]),
            "a.sql: reads `nowhere`, which is neither a model nor a base table"
        );
        assert_eq!(
            wrong(vec![model("a", "events"), model("a", "events")]),
            "a.sql: two files have the same model name"
        );
        assert_eq!(wrong(vec![model("events", "facts")]), "events.sql: the name is that of a base table");
        let error = Model::parse("q/b.sql", "-- model: a\n-- grain: b\n-- reads: c\nselect 1").unwrap_err();
        assert_eq!(error.to_string(), "q/b.sql: the model is called `a`, the file is not");
        let error = Model::parse("a.sql", "-- model: a\n-- grain: b\n-- reads:\nselect 1").unwrap_err();
        assert_eq!(error.to_string(), "a.sql:3: `reads` is empty");
        let unused = "-- model: a\n-- grain: b\n-- reads: c\n-- params: least = 1\nselect $least_of_all";
        let error = Model::parse("a.sql", unused).unwrap_err();
        assert_eq!(error.to_string(), "a.sql: parameter `least` is declared and never used as `$least`");
    }

    #[test]
    fn overrides_must_name_a_parameter_and_fit_its_type() {
        let models = Models::of(vec![model("a", "events")]).unwrap();
        let table: toml::Table = "\"a.least\" = 5\n[other]\nleast = 1".parse().unwrap();
        let overrides = overrides_from_toml(&table).unwrap();
        let error = models.check_overrides(&overrides).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[params]: no model has a parameter `other.least`; `footlight config show` lists them"
        );
        let a = models.get("a").unwrap();
        assert_eq!(a.params(&overrides).unwrap(), [("least".to_owned(), ParamValue::Int(5))]);
        let overrides = Overrides::from([("a.least".to_owned(), ParamValue::Float(0.5))]);
        assert_eq!(a.params(&overrides).unwrap_err().to_string(), "[params]: a.least is of type int, not float");
    }

    #[test]
    fn a_directory_replaces_and_adds_models() {
        let directory = tempfile::tempdir().unwrap();
        let sql = "-- model: rpt_mine\n-- grain: row\n-- reads: events\nselect 1 as one\n";
        std::fs::write(directory.path().join("rpt_mine.sql"), sql).unwrap();
        std::fs::write(directory.path().join("notes.txt"), "not a model").unwrap();
        let models = Models::with_directory(directory.path()).unwrap();
        assert!(models.get("rpt_mine").is_some());
        assert_eq!(models.iter().count(), Models::embedded().unwrap().iter().count() + 1);
    }
}
