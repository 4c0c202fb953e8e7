//! Says in words whom a change affects, and what to do about it.

use crate::{Effect, Kind, Side};

const NOBODY_SENDING: &str = "Nobody: what callers send is taken as before.";
const NOBODY_RECEIVING: &str = "Nobody: callers receive nothing that they were not told of.";

/// Which callers are affected, and why.
pub fn affects(kind: Kind, effect: Effect, side: Option<Side>) -> String {
    use Side::{CallerReceives as Receives, CallerSends as Sends};
    let breaking = effect == Effect::Breaking;
    match (kind, side) {
        (Kind::BasePathChanged, _) => "Every caller: the old addresses are answered with 404.",
        (Kind::OperationRemoved, _) => "Callers of the operation: they are answered with 404 or 405.",
        (Kind::OperationMoved, _) => "Callers of the operation: its old address is answered with 404 or 405.",
        (Kind::OperationRenamed, _) => "The operation's handler; no caller, since the name is not on the wire.",
        (Kind::OperationAdded, _) => "Nobody yet: no caller knows it.",
        (Kind::CallbacksChanged, _) => {
            "Callers that are called back: whether they understand the new calls is not compared."
        }
        (Kind::Deprecated | Kind::NoLongerDeprecated, _) => "Nobody now: it works as before.",
        (Kind::ComponentAdded | Kind::ComponentRemoved | Kind::ComponentChanged, _) => {
            "Code that uses the generated types by name; no caller."
        }
        (Kind::TooManyPairs, _) => "What is not compared may break callers.",
        (Kind::SecurityStricter, _) => "Callers that show no more than before: they are answered with 401 or 403.",
        (Kind::SecuritySchemeChanged, _) => {
            "Callers that get their credentials as before: whether these are still accepted is not compared."
        }
        (Kind::ParameterAdded, Some(Sends)) if breaking => "Callers that do not send it: they are refused.",
        (Kind::PropertyAdded, Some(Sends)) if breaking => "Callers that do not send it: they are refused.",
        (Kind::BodyAdded, Some(Sends)) if breaking => "Callers that send no body: they are refused.",
        (Kind::BecameRequired, Some(Sends)) if breaking => "Callers that leave it out: they are refused.",
        (Kind::BecameOptional, Some(Receives)) if breaking => "Callers that count on it being there.",
        (Kind::ParameterRemoved, _) => {
            "Callers that send it: it has no effect any more, and they are not told."
        }
        (Kind::PropertyRemoved, Some(Sends)) if breaking => "Callers that send it: they are refused.",
        (Kind::PropertyRemoved, Some(Sends)) => {
            "Callers that send it: it has no effect any more, and they are not told."
        }
        (Kind::PropertyRemoved | Kind::HeaderRemoved, Some(Receives)) => "Callers that read it.",
        (Kind::PropertyAdded, Some(Receives)) if effect == Effect::Unclear => {
            "Callers that refuse unknown properties, as the old document let them: it forbade others."
        }
        (Kind::BodyRemoved, _) => "Callers that send a body: it is not read any more.",
        (Kind::MediaTypeRemoved, Some(Sends)) => "Callers that send it: they are answered with 415.",
        (Kind::MediaTypeRemoved, Some(Receives)) => "Callers that read it, or ask for it by `Accept`.",
        (Kind::ParameterWriting, _) => "Callers that write it the old way: it is refused or misread.",
        (Kind::EncodingChanged, Some(Sends)) => {
            "Callers that write the field the old way: whether it is still understood is not compared."
        }
        (Kind::ResponseRemoved, _) if effect == Effect::Unclear => {
            "Callers that wait for this error to tell what happened; what they get instead is not said."
        }
        (Kind::ResponseRemoved, _) => "Callers that wait for this status.",
        (Kind::DefaultChanged, Some(Sends)) if effect == Effect::Unclear => {
            "Callers that leave it out: the service now assumes something else."
        }
        (Kind::PatternChanged, _) => {
            "Perhaps callers: whether two patterns accept the same texts can't be decided here."
        }
        (Kind::AlternativesChanged, _) => {
            "Perhaps callers: which old alternative became which new one can't be told."
        }
        (Kind::NotChanged, _) => "Perhaps callers: what a `not` shuts out is not compared.",
        (Kind::XmlChanged, _) => "Callers that write or read the value as XML: the old form may not be understood.",
        (_, side) => match (side, effect) {
            (_, Effect::Documentation) => "Nobody: nothing that is sent or received differs.",
            (Some(Sends), Effect::Breaking) => {
                "Callers that send what only the old document allows: they are refused."
            }
            (Some(Receives), Effect::Breaking) => {
                "Callers that read the reply by the old document: they may receive what it ruled out."
            }
            (Some(Receives), Effect::Compatible) => NOBODY_RECEIVING,
            (None | Some(Sends), Effect::Compatible) => NOBODY_SENDING,
            (_, Effect::Unclear) => "Perhaps callers: this can't be decided from the documents.",
            (None, Effect::Breaking) => "Callers that follow the old document.",
        },
    }
    .to_owned()
}

/// What to do about the change.
pub fn advice(kind: Kind, effect: Effect, side: Option<Side>) -> String {
    match (kind, effect, side) {
        (Kind::OperationAdded, ..) => "write its handler, which answers 501 until then",
        (Kind::OperationRemoved, ..) => "tell its callers, then delete its handler",
        (Kind::OperationRenamed, ..) => "rename its handler",
        (Kind::OperationMoved | Kind::BasePathChanged, ..) => {
            "let callers move first: serve the old address beside it, here or in a gateway"
        }
        (Kind::ComponentAdded | Kind::ComponentRemoved | Kind::ComponentChanged, ..) => {
            "nothing, if the code compiles"
        }
        (Kind::Deprecated, ..) => "plan to do without it",
        (_, Effect::Documentation, _) => "nothing",
        (
            Kind::ParameterRemoved | Kind::PropertyRemoved | Kind::BodyRemoved,
            _,
            Some(Side::CallerSends),
        ) => "find out who still sends it and what for, and tell them",
        (_, Effect::Compatible, Some(Side::CallerSends)) => {
            "nothing for callers; see whether the handler should use it"
        }
        (_, Effect::Compatible, _) => "nothing for callers; see whether the handler should fill it",
        (_, Effect::Unclear, _) => {
            "read both places; if callers are not affected, go on with --allow-breaking"
        }
        (_, Effect::Breaking, Some(Side::CallerSends)) => {
            "have every caller send what the new document asks for before it is taken"
        }
        (_, Effect::Breaking, Some(Side::CallerReceives)) => {
            "have every caller ready for the new reply before it is taken"
        }
        (_, Effect::Breaking, None) => "agree with every caller before it is taken",
    }
    .to_owned()
}
