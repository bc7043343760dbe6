package dev.treering.insights;

import java.io.StringWriter;
import java.util.regex.Pattern;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** XML of names that anybody may have chosen. */
final class Xml {

    // The writer escapes what XML can say and lets through what it cannot.
    private static final Pattern UNSAYABLE =
            Pattern.compile("[^\\t\\n\\r\\x20-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}]");

    private static final XMLOutputFactory FACTORY = XMLOutputFactory.newDefaultFactory();

    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter writer;

    private Xml() throws XMLStreamException {
        writer = FACTORY.createXMLStreamWriter(text);
    }

    interface Content {

        void in(Xml document) throws XMLStreamException;
    }

    static String document(Content content) {
        try {
            Xml document = new Xml();
            document.writer.writeStartDocument("UTF-8", "1.0");
            content.in(document);
            document.writer.writeEndDocument();
            return document.text.toString();
        } catch (XMLStreamException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param attributes names and values in turn */
    Xml begin(String element, Object... attributes) throws XMLStreamException {
        writer.writeStartElement(element);
        for (int i = 0; i < attributes.length; i += 2) {
            writer.writeAttribute((String) attributes[i], sayable(attributes[i + 1]));
        }
        return this;
    }

    Xml text(String content) throws XMLStreamException {
        writer.writeCharacters(sayable(content));
        return this;
    }

    Xml end() throws XMLStreamException {
        writer.writeEndElement();
        return this;
    }

    private static String sayable(Object value) {
        return UNSAYABLE.matcher(String.valueOf(value)).replaceAll("\uFFFD");
    }
}
