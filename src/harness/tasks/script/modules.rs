//! The modules that scripts may import, and what they hold.

use super::object::Object;
use super::patterns::FLAGS;

/// Names under which a module is known.
const MODULES: [&str; 22] = [
    "re",
    "string",
    "functools",
    "random",
    "json",
    "math",
    "collections",
    "itertools",
    "ast",
    "os",
    "os.path",
    "logging",
    "datasets",
    "numpy",
    "copy",
    "typing",
    "collections.abc",
    "__future__",
    "sklearn.metrics",
    "lm_eval.utils",
    "lm_eval.api.metrics",
    "warnings",
];

/// Functions and types, by their full names.
const MEMBERS: [&str; 97] = [
    "re.compile",
    "re.search",
    "re.match",
    "re.fullmatch",
    "re.findall",
    "re.finditer",
    "re.sub",
    "re.subn",
    "re.split",
    "re.escape",
    "functools.partial",
    "functools.reduce",
    "functools.cache",
    "functools.lru_cache",
    "random.Random",
    "random.seed",
    "random.shuffle",
    "random.sample",
    "random.choice",
    "random.choices",
    "random.randint",
    "random.randrange",
    "random.random",
    "random.uniform",
    "json.loads",
    "json.dumps",
    "math.floor",
    "math.ceil",
    "math.trunc",
    "math.sqrt",
    "math.exp",
    "math.log",
    "math.log2",
    "math.log10",
    "math.fabs",
    "math.isnan",
    "math.isinf",
    "math.isfinite",
    "collections.Counter",
    "collections.defaultdict",
    "collections.OrderedDict",
    "itertools.chain",
    "itertools.chain.from_iterable",
    "itertools.product",
    "itertools.combinations",
    "itertools.permutations",
    "itertools.zip_longest",
    "itertools.islice",
    "itertools.repeat",
    "ast.literal_eval",
    "os.path.basename",
    "os.path.dirname",
    "os.path.join",
    "os.path.abspath",
    "logging.getLogger",
    "logging.info",
    "logging.warning",
    "logging.error",
    "logging.debug",
    "datasets.Dataset",
    "datasets.Dataset.from_list",
    "datasets.Dataset.from_dict",
    "datasets.concatenate_datasets",
    "numpy.array",
    "numpy.asarray",
    "numpy.mean",
    "numpy.nanmean",
    "numpy.sum",
    "numpy.argmax",
    "numpy.argmin",
    "numpy.max",
    "numpy.min",
    "numpy.exp",
    "numpy.log",
    "numpy.log2",
    "numpy.sqrt",
    "numpy.abs",
    "numpy.floor",
    "numpy.ceil",
    "numpy.round",
    "numpy.isnan",
    "numpy.any",
    "numpy.all",
    "copy.deepcopy",
    "copy.copy",
    "sklearn.metrics.accuracy_score",
    "sklearn.metrics.f1_score",
    "sklearn.metrics.precision_score",
    "sklearn.metrics.recall_score",
    "sklearn.metrics.matthews_corrcoef",
    "lm_eval.utils.weighted_f1_score",
    "lm_eval.utils.general_detokenize",
    "lm_eval.api.metrics.mean",
    "lm_eval.api.metrics.metric_max_over_ground_truths",
    "str.maketrans",
    "str.lower",
    "dict.fromkeys",
];

/// A module by its name.
pub(super) fn find(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|known| **known == name).copied()
}

/// A function or type by its full name.
pub(super) fn native(full: &str) -> Option<&'static str> {
    MEMBERS.iter().find(|known| **known == full).copied()
}

/// What a module holds under a name.
pub(super) fn member(module: &str, name: &str) -> Option<Object> {
    let constant = match (module, name) {
        ("string", "ascii_lowercase") => "abcdefghijklmnopqrstuvwxyz",
        ("string", "ascii_uppercase") => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ("string", "ascii_letters") => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ("string", "digits") => "0123456789",
        ("string", "punctuation") => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        ("string", "whitespace") => " \t\n\r\u{b}\u{c}",
        ("math", "nan") | ("numpy", "nan" | "NaN" | "NAN") => return Some(Object::Float(f64::NAN)),
        ("math" | "numpy", "inf") => return Some(Object::Float(f64::INFINITY)),
        ("math" | "numpy", "pi") => return Some(Object::Float(std::f64::consts::PI)),
        ("math" | "numpy", "e") => return Some(Object::Float(std::f64::consts::E)),
        ("os", "path") => return Some(Object::Module("os.path")),
        ("os", "sep") => "/",
        ("collections", "abc") => return Some(Object::Module("collections.abc")),
        ("logging", "INFO" | "DEBUG" | "WARNING" | "ERROR") => return Some(Object::Int(0)),
        ("re", name) if FLAGS.iter().any(|(_, names, _)| names.contains(&name)) => {
            let flag = FLAGS.iter().find(|(_, names, _)| names.contains(&name)).map_or(0, |(bit, ..)| *bit);
            return Some(Object::Int(flag));
        }
        _ => return native(&format!("{module}.{name}")).map(Object::Native),
    };
    Some(Object::text(constant))
}
