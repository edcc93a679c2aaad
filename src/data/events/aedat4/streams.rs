// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The `infoNode` of an AEDAT 4 header: XML that says of each stream what it holds. Nodes
//! have a name; below `outInfo` a numbered node is a stream, with its `typeIdentifier`
//! and, in its node `info`, the size of the sensor.

use quick_xml::Reader;
use quick_xml::events::Event as Xml;

/// A stream of polarity events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) id: i32,
    pub(super) width: Option<u16>,
    pub(super) height: Option<u16>,
}

/// The streams of type EVTS; or what is wrong.
pub(super) fn events(xml: &str) -> Result<Vec<Stream>, String> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut stream) = (Vec::new(), Stream::default());
    // Names of the open nodes, and the key of the open attribute.
    let mut path: Vec<String> = Vec::new();
    let (mut key, mut is_events) = (String::new(), false);
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Xml::Start(tag) => {
                let named = |name: &str| {
                    let attribute = tag.try_get_attribute(name).ok().flatten();
                    attribute.map(|a| a.value.into_owned())
                };
                if tag.name().as_ref() == "attr" {
                    key = named("key").unwrap_or_default();
                } else {
                    path.push(named("name").unwrap_or_default());
                    if let Some(id) = stream_id(&path) {
                        (stream, is_events) = (Stream { id, ..Stream::default() }, false);
                    }
                }
            }
            Xml::Text(text) => {
                let value: &str = &text;
                let within = path.iter().rev().map(String::as_str);
                let in_info = within.clone().next() == Some("info");
                match key.as_str() {
                    "typeIdentifier" if stream_id(&path).is_some() => is_events = value == "EVTS",
                    "sizeX" if in_info => stream.width = value.parse().ok(),
                    "sizeY" if in_info => stream.height = value.parse().ok(),
                    _ => {}
                }
            }
            Xml::End(tag) if tag.name().as_ref() == "attr" => key.clear(),
            Xml::End(_) => {
                if is_events && stream_id(&path).is_some() {
                    found.push(stream);
                }
                path.pop();
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    if path.is_empty() { Ok(found) } else { Err("it ends in a node".to_owned()) }
}

/// The number of the stream that the innermost node is.
fn stream_id(path: &[String]) -> Option<i32> {
    match path {
        [.., parent, name] if parent == "outInfo" => name.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_events_are_found() {
        let xml = r#"<dv version="2.0"><node name="outInfo" path="/outInfo/">
            <node name="0"><attr key="typeIdentifier" type="string">FRME</attr>
              <node name="info"><attr key="sizeX" type="int">640</attr></node></node>
            <node name="3"><attr key="compression" type="string">LZ4</attr>
              <attr key="typeIdentifier" type="string">EVTS</attr>
              <node name="info"><attr key="sizeX" type="int">34</attr>
                <attr key="sizeY" type="int">20</attr></node>
              <node name="sub"><attr key="sizeX">9</attr></node></node>
            </node><other/></dv>"#;
        let stream = Stream { id: 3, width: Some(34), height: Some(20) };
        assert_eq!(events(xml), Ok(vec![stream]));
    }

    #[test]
    fn damaged_xml_is_refused() {
        for xml in ["<a", "<a>", "<a></b>", "<a><b></a>", "<a attr=>", "<![CDATA["] {
            assert!(events(xml).is_err(), "{xml}");
        }
    }
}
