package io.budgetauthority.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whether a value is what a case expects: a literal, or an object with one member that starts with
/// a dollar sign and names a comparison.
final class Matchers {

  private static final Pattern MONEY = Pattern.compile("-?(0|[1-9][0-9]*)\\.[0-9]{2,6}");
  private static final Pattern DECIMAL = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");

  private Matchers() {}

  /// @param actual null where there is no such member or header
  static boolean matches(JsonNode expected, @Nullable JsonNode actual) {
    if (expected.isObject() && expected.size() == 1) {
      Map.Entry<String, JsonNode> only = expected.properties().iterator().next();
      if (only.getKey().startsWith("$")) {
        return compares(only.getKey(), only.getValue(), actual);
      }
    }
    if (actual == null) {
      return false;
    }
    if (expected.isNumber()) {
      return actual.isNumber() && expected.decimalValue().compareTo(actual.decimalValue()) == 0;
    }
    if (expected.isArray()) {
      return actual.isArray() && actual.size() == expected.size() && eachMatches(expected, actual);
    }
    if (expected.isObject()) {
      return actual.isObject()
          && expected.properties().stream()
              .allMatch(field -> matches(field.getValue(), actual.get(field.getKey())));
    }
    return expected.equals(actual);
  }

  private static boolean eachMatches(JsonNode expected, JsonNode actual) {
    for (int i = 0; i < expected.size(); i++) {
      if (!matches(expected.get(i), actual.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean compares(String comparison, JsonNode with, @Nullable JsonNode actual) {
    if (comparison.equals("$absent")) {
      return (actual == null) == with.booleanValue();
    }
    if (actual == null) {
      return false;
    }
    return switch (comparison) {
      case "$type" -> typeOf(actual).equals(with.textValue());
      case "$pattern" ->
          actual.isTextual()
              && Pattern.compile(with.textValue()).matcher(actual.textValue()).find();
      case "$money" ->
          actual.isTextual()
              && MONEY.matcher(actual.textValue()).matches()
              && new BigDecimal(actual.textValue()).compareTo(new BigDecimal(with.textValue()))
                  == 0;
      case "$decimal" ->
          actual.isTextual()
              && DECIMAL.matcher(actual.textValue()).matches()
              && new BigDecimal(actual.textValue()).compareTo(new BigDecimal(with.textValue()))
                  == 0;
      case "$between" ->
          actual.isNumber()
              && actual.decimalValue().compareTo(with.get(0).decimalValue()) >= 0
              && actual.decimalValue().compareTo(with.get(1).decimalValue()) <= 0;
      case "$size" -> actual.isContainerNode() && actual.size() == with.intValue();
      case "$has" -> actual.valueStream().anyMatch(element -> matches(with, element));
      case "$members" ->
          actual.isObject() && with.valueStream().allMatch(name -> actual.has(name.textValue()));
      case "$not" -> !matches(with, actual);
      default -> throw new IllegalArgumentException("there is no comparison " + comparison);
    };
  }

  private static String typeOf(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> "string";
      case NUMBER -> node.isIntegralNumber() ? "integer" : "number";
      case BOOLEAN -> "boolean";
      case ARRAY -> "array";
      case OBJECT -> "object";
      case NULL -> "null";
      case BINARY, MISSING, POJO -> "none";
    };
  }
}
