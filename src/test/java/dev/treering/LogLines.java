package dev.treering;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Logger;

import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.formatters.PatternFormatter;

/** What is logged until it is closed. */
public final class LogLines extends ExtHandler {

    private final List<Line> lines = new CopyOnWriteArrayList<>();
    private final Logger root = Logger.getLogger("");

    /** @param ids what it is about */
    public record Line(String text, Map<String, String> ids) {}

    public LogLines() {
        setFormatter(new PatternFormatter("%s%e"));
        root.addHandler(this);
    }

    @Override
    protected void doPublish(ExtLogRecord line) {
        lines.add(new Line(getFormatter().format(line), line.getMdcCopy()));
    }

    /** Those with this text in them. */
    public List<Line> with(String text) {
        return lines.stream().filter(line -> line.text.contains(text)).toList();
    }

    @Override
    public void close() {
        root.removeHandler(this);
    }
}
