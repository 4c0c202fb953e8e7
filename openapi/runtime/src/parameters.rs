//! Finds parameters in a request, and reads their values.

use http::{HeaderValue, header};

use crate::operation::{Location, Operation, Parameter, Shape, Style};
use crate::pairs::Pairs;
use crate::percent::Escapes;
use crate::received::{Cookies, Received};
use crate::style::{Beside, Written, repeated};
use crate::{Invalid, Node, Reason};

impl Received {
    /// The parameter's value. `None` if it is absent.
    pub(crate) fn parameter(
        &mut self,
        location: Location,
        name: &str,
    ) -> Result<Option<Node>, Invalid> {
        let (written, as_json) = written(
            self.declared(location, name),
            self.operation,
            location,
            name,
        );
        let node = match location {
            Location::Path => self.in_path(&written),
            Location::Query => self.in_query(&written),
            Location::Header => self.in_headers(&written),
            Location::Cookie => self.in_cookies(&written),
            Location::Body => Ok(None),
        }?;
        match node {
            Some(Node::Text(text)) if as_json => Node::from_json(text.as_bytes()).map(Some),
            other => Ok(other),
        }
    }

    /// The parameter's declaration. Generated code asks in the order of the declarations.
    fn declared(&mut self, location: Location, name: &str) -> Option<&'static Parameter> {
        let all = self.operation.parameters;
        let index = match all.get(self.asked) {
            Some(next) if next.is(location, name) => self.asked,
            _ => all
                .iter()
                .position(|parameter| parameter.is(location, name))?,
        };
        self.asked = index + 1;
        Some(&all[index])
    }

    fn in_path(&self, written: &Written<'_>) -> Result<Option<Node>, Invalid> {
        let (raw_path, template) = (self.parts.uri.path(), &self.path.template);
        let mut values = (template.variables().iter().zip(&self.path.captures))
            .filter(|(variable, _)| ***variable == *written.name)
            .filter_map(|(_, range)| raw_path.get(range.clone()));
        let Some(raw) = values.next() else {
            return Ok(None);
        };
        if template.repeats() && values.any(|other| other != raw) {
            let message = "stands in the path twice, with two values";
            return Err(Invalid::new(Reason::RepeatedParameter, message));
        }
        written.read(raw).map(Some)
    }

    fn in_query(&mut self, written: &Written<'_>) -> Result<Option<Node>, Invalid> {
        let Some(text) = self.parts.uri.query() else {
            return Ok(None);
        };
        let pairs = match &mut self.query {
            Some(pairs) => pairs,
            unread => unread.insert(Pairs::parse(text, b'&', Escapes::Form)?),
        };
        written.find(text, pairs)
    }

    fn in_headers(&self, written: &Written<'_>) -> Result<Option<Node>, Invalid> {
        let mut lines = self.parts.headers.get_all(written.name).iter();
        let Some(first) = lines.next() else {
            return Ok(None);
        };
        let mut text = header_text(first)?.to_owned();
        for line in lines {
            if !matches!(written.shape, Shape::Array(_) | Shape::Object(_)) {
                return Err(repeated());
            }
            // RFC 9110, 5.3: several lines of a list are one list.
            text.push(',');
            text.push_str(header_text(line)?);
        }
        written.read(&text).map(Some)
    }

    fn in_cookies(&mut self, written: &Written<'_>) -> Result<Option<Node>, Invalid> {
        let Cookies { text, pairs } = match &mut self.cookies {
            Some(cookies) => cookies,
            unread => {
                let lines = self.parts.headers.get_all(header::COOKIE).iter();
                let text = lines
                    .map(header_text)
                    .collect::<Result<Vec<_>, _>>()?
                    .join(";");
                let pairs = Pairs::parse(&text, b';', Escapes::Percent)?;
                unread.insert(Cookies { text, pairs })
            }
        };
        written.find(text, pairs)
    }
}

/// How the parameter is written, and whether its text is JSON. An undeclared parameter is read as a
/// single value.
fn written<'n>(
    declared: Option<&'static Parameter>,
    operation: &'static Operation,
    location: Location,
    name: &'n str,
) -> (Written<'n>, bool) {
    let escapes = match location {
        Location::Header => Escapes::None,
        Location::Query => Escapes::Form,
        _ => Escapes::Percent,
    };
    let beside = match location {
        Location::Query => Beside::Parameters(operation.parameters),
        _ => Beside::Nothing,
    };
    let Some(parameter) = declared else {
        let (shape, style, explode) = (Shape::Scalar, Style::Simple, false);
        return (
            Written {
                name,
                shape,
                style,
                explode,
                escapes,
                beside,
            },
            false,
        );
    };
    let Parameter {
        name,
        shape,
        style,
        explode,
        json,
        ..
    } = *parameter;
    let shape = if json { Shape::Scalar } else { shape };
    (
        Written {
            name,
            shape,
            style,
            explode,
            escapes,
            beside,
        },
        json,
    )
}

fn header_text(value: &HeaderValue) -> Result<&str, Invalid> {
    std::str::from_utf8(value.as_bytes())
        .map_err(|_| Invalid::new(Reason::MalformedEncoding, "is not UTF-8 text"))
}
