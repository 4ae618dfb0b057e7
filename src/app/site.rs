//! The files that the build made for browsers, by `pkg/manifest.json` in the site's folder. Names contain a hash of the content, so that
//! browsers may cache them for ever. Server only.

use super::Program;
use serde::Deserialize;
use std::path::Path;

/// The names of all files that documents refer to.
#[derive(Debug, Clone)]
pub struct SiteFiles {
    names: Names,
    /// The composite's part of the stylesheets.
    composite_sheet: Option<String>,
}

/// `pkg/manifest.json`: names in `pkg/`, those of programs without their ending.
#[derive(Debug, Clone, Deserialize)]
struct Names {
    composite: ProgramFiles,
    live: ProgramFiles,
    manage: ProgramFiles,
    #[serde(rename = "style")]
    sheet: String,
}

/// One browser program: a script, and the WebAssembly module that the script loads.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct ProgramFiles(String);

impl ProgramFiles {
    /// The script's path.
    pub fn script(&self) -> String {
        format!("/pkg/{}.js", self.0)
    }

    /// The module's path.
    pub fn wasm(&self) -> String {
        format!("/pkg/{}.wasm", self.0)
    }
}

impl SiteFiles {
    /// Reads the manifest. Without a build (tests of the server alone) documents refer to files that do not exist.
    pub fn find(root: &Path) -> Self {
        let folder = root.join("pkg");
        let names = std::fs::read_to_string(folder.join("manifest.json")).ok().and_then(|text| match serde_json::from_str(&text) {
            Ok(names) => Some(names),
            Err(error) => {
                tracing::error!(%error, folder = %folder.display(), "the site's manifest cannot be read: build the site again");
                None
            }
        });
        let names: Names = names.unwrap_or_else(|| Names {
            composite: ProgramFiles("composite".to_owned()),
            live: ProgramFiles("live".to_owned()),
            manage: ProgramFiles("manage".to_owned()),
            sheet: "main.css".to_owned(),
        });
        let composite_sheet = std::fs::read_to_string(folder.join(format!("{}.css", names.composite.0))).ok();
        Self { names, composite_sheet }
    }

    /// The files of a page's program.
    pub fn of(&self, program: Program) -> &ProgramFiles {
        match program {
            Program::Live => &self.names.live,
            Program::Manage => &self.names.manage,
        }
    }

    /// The composite's program.
    pub fn composite(&self) -> &ProgramFiles {
        &self.names.composite
    }

    /// The path of the pages' stylesheet.
    pub fn style(&self) -> String {
        format!("/pkg/{}", self.names.sheet)
    }

    /// The composite's stylesheet itself.
    pub fn composite_style(&self) -> Option<&str> {
        self.composite_sheet.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_manifest() {
        let site = tempfile::tempdir().expect("a folder");
        assert_eq!(SiteFiles::find(site.path()).of(Program::Live).script(), "/pkg/live.js");
        let folder = site.path().join("pkg");
        std::fs::create_dir(&folder).expect("made");
        let manifest = r#"{"composite":"composite.1","live":"live.2","manage":"manage.3","style":"main.4.css"}"#;
        std::fs::write(folder.join("manifest.json"), manifest).expect("written");
        std::fs::write(folder.join("composite.1.css"), ".scene{}").expect("written");
        let files = SiteFiles::find(site.path());
        assert_eq!(files.of(Program::Manage).wasm(), "/pkg/manage.3.wasm");
        assert_eq!((files.style().as_str(), files.composite_style()), ("/pkg/main.4.css", Some(".scene{}")));
    }
}
