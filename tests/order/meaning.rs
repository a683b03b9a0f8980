//! The meaning of a sequence for the caller: the sets and deletes at each scope, in the order of
//! the calls.
//!
//! A set of a declared cookie deletes it at its retired scopes and previous names, and then sets
//! it. A delete does the same, with a delete at the end. Refused calls do nothing.

use std::collections::HashMap;

use super::{Given, Identity, Operation, Place, Refusal, Scope, Sequence, Setting, Step};

struct Declared {
    scope: Scope,
    /// The previous scopes, with the name that the cookie had there.
    retired: Vec<Identity>,
    /// Why the layers cannot use the name together.
    conflict: Option<Refusal>,
}

/// The settings of a layer.
#[derive(Default)]
pub(crate) struct Rules {
    declared: HashMap<String, Declared>,
    /// The declared name of each previous name.
    renamed: HashMap<String, String>,
    denies_undeclared: bool,
}

impl Rules {
    pub(crate) fn new(settings: &[Setting]) -> Self {
        let mut rules = Self::default();
        for setting in settings {
            assert!(rules.add(setting), "{setting:?} is refused");
        }
        rules
    }

    /// Adds `setting`. Returns `false` if it is refused.
    pub(crate) fn add(&mut self, setting: &Setting) -> bool {
        match setting {
            Setting::Declare(given) => {
                let name = &given.name;
                if self.declared.contains_key(name) || self.renamed.contains_key(name) {
                    return false;
                }
                let declared = Declared {
                    scope: given.scope_or(Scope::DEFAULT),
                    retired: Vec::new(),
                    conflict: None,
                };
                self.declared.insert(name.clone(), declared);
                true
            }
            Setting::Retire(given) => self.retire(given, &given.name),
            Setting::Renamed(old, new_name) => {
                let is_free = !self.declared.contains_key(&old.name)
                    && self
                        .renamed
                        .get(&old.name)
                        .is_none_or(|name| name == new_name);
                let is_added = is_free && self.retire(old, new_name);
                if is_added {
                    self.renamed.insert(old.name.clone(), new_name.clone());
                }
                is_added
            }
            Setting::DenyUndeclared => {
                self.denies_undeclared = true;
                true
            }
        }
    }

    fn retire(&mut self, given: &Given, declared_name: &str) -> bool {
        let Some(declared) = self.declared.get_mut(declared_name) else {
            return false;
        };
        // A cookie under another name was unpartitioned.
        let default = Scope {
            partitioned: declared.scope.partitioned && given.name == declared_name,
            ..Scope::DEFAULT
        };
        let retired = Identity {
            name: given.name.clone(),
            scope: given.scope_or(default),
        };
        let is_declared = given.name == declared_name && retired.scope == declared.scope;
        let is_new = !is_declared && !declared.retired.contains(&retired);
        if is_new {
            declared.retired.push(retired);
        }
        is_new
    }

    /// Adds the settings of the layer outside of this one.
    fn add_outer(&mut self, outer: &[Setting]) {
        let outer = Self::new(outer);
        self.denies_undeclared |= outer.denies_undeclared;
        let mut contradicted = Vec::new();
        for (layer, other) in [(&*self, &outer), (&outer, &*self)] {
            for (old, new_name) in &layer.renamed {
                let is_declared = other.declared.contains_key(old);
                let is_renamed_otherwise =
                    other.renamed.get(old).is_some_and(|name| name != new_name);
                if is_declared || is_renamed_otherwise {
                    contradicted.extend([old.clone(), new_name.clone()]);
                }
            }
        }
        for (old, new_name) in outer.renamed {
            self.renamed.entry(old).or_insert(new_name);
        }
        for (name, outer) in outer.declared {
            let Some(inner) = self.declared.get_mut(&name) else {
                self.declared.insert(name, outer);
                continue;
            };
            inner.conflict = (inner.scope != outer.scope).then_some(Refusal::DeclarationConflict);
            for retired in outer.retired {
                let is_declared = retired.name == name && retired.scope == inner.scope;
                if !is_declared && !inner.retired.contains(&retired) {
                    inner.retired.push(retired);
                }
            }
        }
        for name in contradicted {
            if let Some(declared) = self.declared.get_mut(&name) {
                declared.conflict.get_or_insert(Refusal::RenameConflict);
            }
        }
    }

    /// The declaration that applies to an operation, with its name.
    fn find<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> Result<Option<(&'a str, &'a Declared)>, Refusal> {
        let given = &operation.given.name;
        let name = match self.renamed.get(given) {
            Some(_) if operation.value.is_some() => return Err(Refusal::Renamed),
            Some(new_name) => new_name,
            None => given,
        };
        match self.declared.get(name) {
            None if self.denies_undeclared => Err(Refusal::Undeclared),
            None => Ok(None),
            Some(declared) => match declared.conflict {
                Some(conflict) => Err(conflict),
                None => Ok(Some((name, declared))),
            },
        }
    }
}

/// The meaning of a sequence.
pub(crate) struct Meaning {
    pub(crate) steps: Vec<Step>,
    /// The expected result of each operation.
    pub(crate) results: Vec<Result<(), Refusal>>,
}

impl Meaning {
    pub(crate) fn new(sequence: &Sequence) -> Self {
        let outer = Rules::new(&sequence.outer);
        let mut inner = Rules::new(sequence.inner.as_deref().unwrap_or_default());
        inner.add_outer(&sequence.outer);
        let mut steps = Vec::new();
        let mut results = Vec::new();
        for operation in &sequence.operations {
            let rules = match operation.place {
                Place::Outer => &outer,
                Place::Inner => &inner,
            };
            let result = steps_of(operation, rules, sequence.host, &steps);
            results.push(result.map(|new| steps.extend(new)));
        }
        Self { steps, results }
    }
}

/// The steps of one operation after the `previous` ones.
fn steps_of(
    operation: &Operation,
    rules: &Rules,
    host: Option<&str>,
    previous: &[Step],
) -> Result<Vec<Step>, Refusal> {
    let Operation { given, value, .. } = operation;
    let mut steps = Vec::new();
    let identity = if let Some((name, declared)) = rules.find(operation)? {
        let is_declared = given.name == name && given.matches(declared.scope);
        let is_retired = declared
            .retired
            .iter()
            .any(|retired| retired.name == given.name && given.matches(retired.scope));
        if !is_declared && (value.is_some() || !is_retired) {
            return Err(Refusal::ScopeMismatch);
        }
        for identity in &declared.retired {
            if check_domain(host, identity.scope).is_ok() {
                let identity = identity.clone();
                steps.push(Step {
                    identity,
                    value: None,
                });
            }
        }
        Identity {
            name: name.to_owned(),
            scope: declared.scope,
        }
    } else {
        let default = if value.is_some() {
            Scope::DEFAULT
        } else {
            scope_of_set(given, previous)?
        };
        Identity {
            name: given.name.clone(),
            scope: given.scope_or(default),
        }
    };
    check_domain(host, identity.scope)?;
    let value = value.clone();
    steps.push(Step { identity, value });
    Ok(steps)
}

/// The scope at which the response has set the undeclared cookie `given`, or else Django's default.
/// A scope still counts if the cookie was deleted there later, so that a repeated delete is the
/// same delete.
fn scope_of_set(given: &Given, previous: &[Step]) -> Result<Scope, Refusal> {
    let mut scopes = previous
        .iter()
        .filter(|step| step.value.is_some() && step.identity.name == given.name)
        .map(|step| step.identity.scope)
        .filter(|&scope| given.matches(scope));
    let Some(scope) = scopes.next() else {
        return Ok(Scope::DEFAULT);
    };
    if scopes.any(|other| other != scope) {
        return Err(Refusal::AmbiguousScope);
    }
    Ok(scope)
}

/// Checks that `host` may set cookies for the Domain.
fn check_domain(host: Option<&str>, scope: Scope) -> Result<(), Refusal> {
    let (Some(host), Some(domain)) = (host, scope.domain) else {
        return Ok(());
    };
    if host == domain {
        Ok(())
    } else if !host.ends_with(&format!(".{domain}")) {
        Err(Refusal::DomainMismatch)
    } else if !domain.contains('.') {
        Err(Refusal::SingleLabel)
    } else {
        Ok(())
    }
}

/// The last step of each identity, in the order of the steps.
fn last_steps(steps: &[Step]) -> impl Iterator<Item = &Step> {
    steps.iter().enumerate().filter_map(|(number, step)| {
        let mut later = steps[number + 1..].iter();
        let is_last = later.all(|later| later.identity != step.identity);
        is_last.then_some(step)
    })
}

/// The identities in the order of their first use.
fn slots(steps: &[Step]) -> Vec<&Identity> {
    let mut slots = Vec::new();
    for step in steps {
        if !slots.contains(&&step.identity) {
            slots.push(&step.identity);
        }
    }
    slots
}

/// The headers of `steps`: one for each identity. A name has the places in which its identities
/// were first used. Its last steps fill these places in the order of the steps.
pub(crate) fn headers(steps: &[Step]) -> Vec<&Step> {
    let mut last: Vec<_> = last_steps(steps).collect();
    let slots = slots(steps).into_iter().map(|slot| {
        let next = last.iter().position(|step| step.identity.name == slot.name);
        last.remove(next.expect("a name has as many last steps as slots"))
    });
    slots.collect()
}

/// The wrong order: a later operation on an identity replaces the first one in its place.
pub(crate) fn headers_replaced_in_place(steps: &[Step]) -> Vec<&Step> {
    let last = |identity: &Identity| steps.iter().rfind(|step| step.identity == *identity);
    slots(steps).into_iter().filter_map(last).collect()
}
