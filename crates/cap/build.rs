//! Turns the Java Card API table (`api/*.json`, facts) into the statics of `src/api.rs`.
//!
//! Every row that contradicts another (a hole in a token table, an unknown superclass, an inherited
//! row without its origin) stops the build with the row's name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

include!("src/api/bucket.rs");

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("cargo:rerun-if-changed=api");
    println!("cargo:rerun-if-changed=build.rs");
    let data = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("api");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("api_table.rs");
    let table = Table::read(&data)?;
    fs::write(out, table.render()?)?;
    Ok(())
}

struct Package {
    name: String,
    aid: Vec<u8>,
    versions: Vec<(u8, u8)>,
    references: Vec<String>,
    classes: Vec<usize>,
}

struct Class {
    name: String,
    package: usize,
    token: u8,
    flags: u16,
    since: (u8, u8),
    superclasses: Vec<String>,
    interfaces: Vec<String>,
    cap22: Option<u8>,
    fields: Vec<Field>,
    rows: Vec<Row>,
}

struct Field {
    name: String,
    descriptor: String,
    token: u8,
    flags: u16,
    since: (u8, u8),
    value: Option<i32>,
}

struct Row {
    name: String,
    descriptor: String,
    token: u8,
    space: String,
    flags: u16,
    since: (u8, u8),
    from: Option<String>,
    throws: Vec<String>,
}

/// A release's name, and its packages with major and minor version.
type Generation = (String, Vec<(String, u8, u8)>);

/// The method's number, its first version, and its token in the superclass.
type Slot = (usize, (u8, u8), Option<u8>);

struct Table {
    packages: Vec<Package>,
    classes: Vec<Class>,
    by_name: BTreeMap<String, usize>,
    generations: Vec<Generation>,
}

impl Table {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let mut table = Self {
            packages: Vec::new(),
            classes: Vec::new(),
            by_name: BTreeMap::new(),
            generations: Vec::new(),
        };
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|path| path.extension().is_some_and(|e| e == "json"));
        files.sort();
        for path in files {
            println!("cargo:rerun-if-changed={}", path.display());
            let value: Value = serde_json::from_str(&fs::read_to_string(&path)?)
                .map_err(|e| format!("{}: {e}", path.display()))?;
            if path.file_name().is_some_and(|n| n == "generations.json") {
                table.read_generations(&value)?;
            } else {
                table
                    .read_package(&value)
                    .map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
        Ok(table)
    }

    fn read_generations(&mut self, value: &Value) -> Result<(), Failure> {
        for (name, packages) in value.as_object().ok_or("generations: not an object")? {
            let mut list = Vec::new();
            for (package, version) in packages.as_object().ok_or("generation: not an object")? {
                let (major, minor) = parse_version(version)?;
                list.push((package.clone(), major, minor));
            }
            list.sort();
            self.generations.push((name.clone(), list));
        }
        self.generations.sort();
        Ok(())
    }

    fn read_package(&mut self, value: &Value) -> Result<(), Failure> {
        let versions = array(value, "versions")
            .iter()
            .map(parse_version)
            .collect::<Result<Vec<_>, _>>()?;
        let first = *versions.first().ok_or("package without version")?;
        let index = self.packages.len();
        let mut classes = Vec::new();
        for class in array(value, "classes") {
            let name = text(class, "name")?;
            let id = self.classes.len();
            classes.push(id);
            let born = since(class, first)?;
            let mut fields = Vec::new();
            for field in array(class, "fields") {
                fields.push(Field {
                    name: text(field, "name")?,
                    descriptor: text(field, "type")?,
                    token: byte(field, "token")?,
                    flags: flags(field)?,
                    since: since(field, born)?,
                    value: match field.get("value") {
                        Some(v) => Some(i32::try_from(v.as_i64().ok_or("value")?)?),
                        None => None,
                    },
                });
            }
            let mut rows = Vec::new();
            for row in array(class, "methods") {
                rows.push(Row {
                    name: text(row, "name")?,
                    descriptor: text(row, "descriptor")?,
                    token: byte(row, "token")?,
                    space: text(row, "space")?,
                    flags: flags(row)?,
                    since: since(row, born)?,
                    from: row.get("from").and_then(Value::as_str).map(str::to_owned),
                    throws: strings(row, "throws"),
                });
            }
            if self.by_name.insert(name.clone(), id).is_some() {
                return Err(format!("{name} appears twice").into());
            }
            self.classes.push(Class {
                name,
                package: index,
                token: byte(class, "token")?,
                flags: flags(class)?,
                since: born,
                superclasses: strings(class, "superclasses"),
                interfaces: strings(class, "interfaces"),
                cap22: match class.get("cap22_inheritable") {
                    Some(_) => Some(byte(class, "cap22_inheritable")?),
                    None => None,
                },
                fields,
                rows,
            });
        }
        self.packages.push(Package {
            name: text(value, "package")?,
            aid: hex(&text(value, "aid")?)?,
            versions,
            references: strings(value, "references"),
            classes,
        });
        Ok(())
    }

    fn class_id(&self, name: &str) -> Result<usize, Failure> {
        self.by_name
            .get(name)
            .copied()
            .ok_or_else(|| format!("unknown class {name}").into())
    }

    /// Numbers the declared rows, in the order of packages, classes and rows.
    fn method_ids(&self) -> BTreeMap<(usize, usize), usize> {
        let mut ids = BTreeMap::new();
        for (c, class) in self.classes.iter().enumerate() {
            for (r, row) in class.rows.iter().enumerate() {
                if row.from.is_none() {
                    let next = ids.len();
                    ids.insert((c, r), next);
                }
            }
        }
        ids
    }

    fn origin(
        &self,
        ids: &BTreeMap<(usize, usize), usize>,
        class: usize,
        row: usize,
    ) -> Result<usize, Failure> {
        let this = &self.classes[class].rows[row];
        let Some(from) = &this.from else {
            return Ok(ids[&(class, row)]);
        };
        let source = self.class_id(from)?;
        self.classes[source]
            .rows
            .iter()
            .position(|r| {
                r.name == this.name
                    && r.descriptor == this.descriptor
                    && r.space == this.space
                    && r.from.is_none()
            })
            .map(|r| ids[&(source, r)])
            .ok_or_else(|| {
                format!(
                    "{}.{}{} is not declared in {from}",
                    self.classes[class].name, this.name, this.descriptor
                )
                .into()
            })
    }

    fn render(&self) -> Result<String, Failure> {
        let ids = self.method_ids();
        let mut methods = String::new();
        let mut classes = String::new();
        let mut total = 0;
        for (c, class) in self.classes.iter().enumerate() {
            let first = total;
            let mut count = 0;
            for row in class.rows.iter().filter(|r| r.from.is_none()) {
                let space = match row.space.as_str() {
                    "static" => "Static",
                    "virtual" => "Virtual",
                    "interface" => "Interface",
                    other => return Err(format!("{}: space {other}", class.name).into()),
                };
                let (params, result) = self.signature(row)?;
                writeln!(
                    methods,
                    "ApiMethod {{ id: MethodId({}), class: ClassId({c}), name: {:?}, descriptor: {:?}, params: &[{params}], result: {result}, token: {}, space: Space::{space}, flags: ApiFlags(0x{:04X}), since: ({}, {}), throws: &{:?} }},",
                    first + count,
                    row.name,
                    row.descriptor,
                    row.token,
                    row.flags,
                    row.since.0,
                    row.since.1,
                    row.throws
                )?;
                for name in &row.throws {
                    self.class_id(name)?;
                }
                count += 1;
            }
            total += count;
            let slots = self.slots(&ids, c)?;
            let superclasses = self.ids_of(&class.superclasses)?;
            let interfaces = self.ids_of(&class.interfaces)?;
            let virtuals = if class.flags & 0x0200 != 0 {
                0
            } else {
                slots.len()
            };
            write!(
                classes,
                "ApiClass {{ id: ClassId({c}), package: {}, name: {:?}, token: {}, flags: ApiFlags(0x{:04X}), since: ({}, {}), super_class: {:?}, superclasses: &[{}], interfaces: &{:?}, interface_ids: &[{}], cap22_inheritable: {}, fields: &[",
                class.package,
                class.name,
                class.token,
                class.flags,
                class.since.0,
                class.since.1,
                class.superclasses.first(),
                superclasses,
                class.interfaces,
                interfaces,
                class.cap22.map_or(virtuals, usize::from)
            )?;
            for field in &class.fields {
                write!(
                    classes,
                    "ApiField {{ name: {:?}, descriptor: {:?}, token: {:?}, flags: ApiFlags(0x{:04X}), since: ({}, {}), value: {:?} }}, ",
                    field.name,
                    field.descriptor,
                    (field.token != 255).then_some(field.token),
                    field.flags,
                    field.since.0,
                    field.since.1,
                    field.value
                )?;
            }
            write!(classes, "], method_range: ({first}, {count}), slots: &[")?;
            for (id, since, up) in slots {
                write!(
                    classes,
                    "ApiSlot {{ method: MethodId({id}), since: ({}, {}), super_token: {up:?} }}, ",
                    since.0, since.1
                )?;
            }
            classes.push_str("] },\n");
        }
        let mut text = format!(
            "static METHOD_TABLE: [ApiMethod; {}] = [\n{methods}];\n",
            ids.len()
        );
        writeln!(
            text,
            "static CLASS_TABLE: [ApiClass; {}] = [\n{classes}];",
            self.classes.len()
        )?;
        writeln!(
            text,
            "static CLASSES_BY_BUCKET: [&[ClassId]; {CLASS_BUCKETS}] = ["
        )?;
        for bucket in self.buckets() {
            writeln!(text, "&[{}],", bucket.join(", "))?;
        }
        writeln!(
            text,
            "];\n/// Every package of the table, in the order of their names.\npub static PACKAGES: &[ApiPackage] = &["
        )?;
        for package in &self.packages {
            let (major, minor) = package.versions.last().copied().unwrap_or((0, 0));
            let first = package.classes.first().copied().unwrap_or(0);
            writeln!(
                text,
                "ApiPackage {{ name: {:?}, aid: &{:?}, major: {major}, minor: {minor}, versions: &{:?}, references: &{:?}, class_range: ({first}, {}) }},",
                package.name,
                package.aid,
                package.versions,
                package.references,
                package.classes.len()
            )?;
        }
        writeln!(
            text,
            "];\n/// Which package versions each Java Card release has.\npub static GENERATIONS: &[Generation] = &["
        )?;
        for (name, packages) in &self.generations {
            writeln!(
                text,
                "Generation {{ name: {name:?}, packages: &{packages:?} }},"
            )?;
        }
        text.push_str("];\n");
        Ok(text)
    }

    /// The classes by the hash of their names.
    fn buckets(&self) -> Vec<Vec<String>> {
        let mut buckets = vec![Vec::new(); CLASS_BUCKETS];
        for (name, id) in &self.by_name {
            buckets[bucket(name)].push(format!("ClassId({id})"));
        }
        buckets
    }

    /// The types of a row's parameters and of its result, as the table has them.
    fn signature(&self, row: &Row) -> Result<(String, String), Failure> {
        let malformed = || format!("{}: descriptor {}", row.name, row.descriptor);
        let (params, result) = row
            .descriptor
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .ok_or_else(malformed)?;
        let mut list = String::new();
        let mut rest = params;
        while !rest.is_empty() {
            let (param, after) = self.param(rest).ok_or_else(malformed)?;
            write!(list, "Param::{param}, ")?;
            rest = after;
        }
        let result = match result {
            "V" => "None".to_owned(),
            result => {
                let (result, _) = self.param(result).ok_or_else(malformed)?;
                format!("Some(Param::{result})")
            }
        };
        Ok((list, result))
    }

    /// The first type of a descriptor, and what follows it.
    fn param<'a>(&self, descriptor: &'a str) -> Option<(String, &'a str)> {
        let (first, rest) = descriptor.split_at_checked(1)?;
        let fixed = match first {
            "I" => "Int",
            "Z" | "B" | "S" => "Short",
            "L" => {
                let (name, rest) = rest.split_once(';')?;
                let class = self.class_id(name).ok()?;
                return Some((format!("Instance(ClassId({class}))"), rest));
            }
            "[" => {
                let (element, rest) = rest.split_at_checked(1)?;
                let array = match element {
                    "Z" => "Booleans",
                    "B" => "Bytes",
                    "S" => "Shorts",
                    "I" => "Ints",
                    "L" => return Some(("References".to_owned(), rest.split_once(';')?.1)),
                    _ => return None,
                };
                return Some((array.to_owned(), rest));
            }
            _ => return None,
        };
        Some((fixed.to_owned(), rest))
    }

    fn ids_of(&self, names: &[String]) -> Result<String, Failure> {
        let mut text = String::new();
        for name in names {
            write!(text, "ClassId({}), ", self.class_id(name)?)?;
        }
        Ok(text)
    }

    /// The token table of a class (virtual methods) or interface: the implementing row, its
    /// first version, and the token of the same method in the superclass.
    fn slots(
        &self,
        ids: &BTreeMap<(usize, usize), usize>,
        class: usize,
    ) -> Result<Vec<Slot>, Failure> {
        let this = &self.classes[class];
        let parent = match this.superclasses.first() {
            Some(name) => Some(&self.classes[self.class_id(name)?]),
            None => None,
        };
        let mut slots = Vec::new();
        let rows = this.rows.iter().enumerate();
        for (r, row) in rows.filter(|(_, r)| r.space != "static") {
            let up = parent
                .filter(|_| row.space == "virtual")
                .and_then(|p| {
                    p.rows.iter().find(|x| {
                        x.space == "virtual" && x.name == row.name && x.descriptor == row.descriptor
                    })
                })
                .map(|x| x.token);
            slots.push((row.token, self.origin(ids, class, r)?, row.since, up));
        }
        slots.sort();
        for (i, slot) in slots.iter().enumerate() {
            if usize::from(slot.0) != i {
                return Err(format!("{}: token {i} is missing", this.name).into());
            }
        }
        Ok(slots.into_iter().map(|(_, id, s, u)| (id, s, u)).collect())
    }
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> Result<String, Failure> {
    value
        .get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no text {key:?} in {value}").into())
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    array(value, key)
        .iter()
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect()
}

fn byte(value: &Value, key: &str) -> Result<u8, Failure> {
    let number = value
        .get(key)
        .and_then(Value::as_u64)
        .ok_or_else(|| format!("no number {key:?} in {value}"))?;
    Ok(u8::try_from(number)?)
}

fn flags(value: &Value) -> Result<u16, Failure> {
    let mut bits = 0;
    for flag in strings(value, "flags") {
        bits |= match flag.as_str() {
            "public" => 0x0001,
            "protected" => 0x0004,
            "static" => 0x0008,
            "final" => 0x0010,
            "interface" => 0x0200,
            "abstract" => 0x0400,
            "shareable" => 0x0800,
            "remote" => 0x1000,
            other => return Err(format!("flag {other} in {value}").into()),
        };
    }
    Ok(bits)
}

fn parse_version(value: &Value) -> Result<(u8, u8), Failure> {
    let text = value.as_str().ok_or("version: not a text")?;
    let (major, minor) = text.split_once('.').ok_or("version: no dot")?;
    Ok((major.parse()?, minor.parse()?))
}

fn since(value: &Value, first: (u8, u8)) -> Result<(u8, u8), Failure> {
    value.get("since").map_or(Ok(first), parse_version)
}

fn hex(text: &str) -> Result<Vec<u8>, Failure> {
    (0..text.len())
        .step_by(2)
        .map(|i| Ok(u8::from_str_radix(&text[i..i + 2], 16)?))
        .collect()
}
