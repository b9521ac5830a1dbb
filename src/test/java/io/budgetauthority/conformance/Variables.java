package io.budgetauthority.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `${name}` stands for in a case: a value captured from an answer, `${unique}` for a fresh
/// string at each use, `${now}` for the time, `${now+60}` for a minute later, `${now-60}` for one
/// earlier, `${x*300}` for a text 300 times.
final class Variables {

  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}]+)}");
  private static final Pattern REPEAT = Pattern.compile("(.+)\\*([0-9]+)");

  private static final Pattern LATER = Pattern.compile("now([+-][0-9]+)");

  private final Map<String, JsonNode> values = new HashMap<>();

  void put(String name, JsonNode value) {
    values.put(name, value);
  }

  String fill(String text) {
    return REFERENCE
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(value(found.group(1)).asText()));
  }

  /// The node with every string in it filled; one that is a single `${name}` becomes the value with
  /// its JSON type.
  JsonNode fill(JsonNode node) {
    if (node.isTextual()) {
      Matcher whole = REFERENCE.matcher(node.textValue());
      return whole.matches() ? value(whole.group(1)) : TextNode.valueOf(fill(node.textValue()));
    }
    if (node.isArray()) {
      ArrayNode filled = JsonNodeFactory.instance.arrayNode();
      node.forEach(element -> filled.add(fill(element)));
      return filled;
    }
    if (node.isObject()) {
      ObjectNode filled = JsonNodeFactory.instance.objectNode();
      node.properties().forEach(field -> filled.set(fill(field.getKey()), fill(field.getValue())));
      return filled;
    }
    return node;
  }

  private JsonNode value(String name) {
    if (name.equals("unique")) {
      return TextNode.valueOf("u-" + UUID.randomUUID());
    }
    if (name.equals("now")) {
      return TextNode.valueOf(Instant.now().toString());
    }
    Matcher later = LATER.matcher(name);
    if (later.matches()) {
      return TextNode.valueOf(Instant.now().plusSeconds(Long.parseLong(later.group(1))).toString());
    }
    Matcher repeat = REPEAT.matcher(name);
    if (repeat.matches()) {
      return TextNode.valueOf(repeat.group(1).repeat(Integer.parseInt(repeat.group(2))));
    }
    JsonNode value = values.get(name);
    if (value == null) {
      throw new Failed("nothing was captured as " + name);
    }
    return value;
  }
}
