package io.budgetauthority.input;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.budgetauthority.money.MicroUsd;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads a JSON object strictly, as protocol.md#wire-format says. A field that the code does not
/// ask for is an error. Integers are JSON integers. Null is the same as absent. A name that appears
/// twice is an error. The errors of a body are collected, and [#end] throws them as one
/// [InvalidInput].
public final class RequestFields {

  public static final long MAX_INTEGER = 1_000_000_000;
  public static final int MAX_CHARACTERS = 256;
  private static final int MAX_NAMES = 64;
  private static final int MAX_ERRORS = 50;
  private static final int MAX_BODY_BYTES = 256 * 1024;

  private static final int MAX_NESTING = 32;
  private static final int QUANTITY_DECIMALS = 6;
  private static final BigDecimal MAX_QUANTITY = BigDecimal.valueOf(MAX_INTEGER);

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_NESTING).build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private final JsonNode object;
  private final String pointer;
  private final Set<String> asked = new HashSet<>();
  private final List<FieldError> errors;

  private RequestFields(JsonNode object, String pointer, List<FieldError> errors) {
    this.object = object;
    this.pointer = pointer;
    this.errors = errors;
  }

  /// Reads a body. A body that is too large, is no JSON or is no object is refused at once.
  public static RequestFields parse(byte @Nullable [] body) {
    if (body != null && body.length > MAX_BODY_BYTES) {
      throw new InputTooLarge(
          "the body has " + body.length + " bytes, the most is " + MAX_BODY_BYTES);
    }
    try {
      JsonNode node = JSON.readTree(body == null ? new byte[0] : body);
      if (node == null || !node.isObject()) {
        throw invalid("", "must be a JSON object");
      }
      if (!isUnicode(node)) {
        throw invalid("", "has half of a surrogate pair, which is no character");
      }
      return new RequestFields(node, "", new ArrayList<>());
    } catch (JsonParseException e) {
      String message = e.getOriginalMessage();
      boolean twice = message.startsWith("Duplicate field '");
      String name =
          twice ? message.substring(message.indexOf('\'') + 1, message.lastIndexOf('\'')) : "";
      throw invalid(
          List.of(
              twice
                  ? new FieldError(
                      e.getProcessor().getParsingContext().pathAsPointer().head()
                          + "/"
                          + escape(name),
                      "appears more than once")
                  : new FieldError("", "is not well-formed JSON")));
    } catch (StreamConstraintsException e) {
      throw invalid(
          "",
          "nests more than " + MAX_NESTING + " levels, or has a longer number or name than any");
    } catch (IOException e) {
      // Reading from an array fails only because of the bytes: they are no JSON, or not in its
      // encoding.
      throw invalid("", "is not well-formed JSON");
    }
  }

  /// The object as it was sent.
  public JsonNode asSent() {
    return object;
  }

  /// Reads a body that may be left out: an absent or empty one has no fields.
  public static RequestFields parseOptional(byte @Nullable [] body) {
    return body == null || body.length == 0
        ? new RequestFields(JSON.createObjectNode(), "", new ArrayList<>())
        : parse(body);
  }

  private static boolean isUnicode(JsonNode node) {
    return (!node.isTextual() || isUnicode(node.textValue()))
        && node.properties().stream()
            .allMatch(field -> isUnicode(field.getKey()) && isUnicode(field.getValue()))
        && (!node.isArray() || node.valueStream().allMatch(RequestFields::isUnicode));
  }

  private static boolean isUnicode(String text) {
    return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
  }

  public static InvalidInput invalid(List<FieldError> errors) {
    return new InvalidInput(errors);
  }

  public static InvalidInput invalid(String pointer, String reason) {
    return invalid(List.of(new FieldError(pointer, reason)));
  }

  private @Nullable JsonNode take(String name) {
    asked.add(name);
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? null : value;
  }

  public boolean has(String name) {
    JsonNode value = object.get(name);
    return value != null && !value.isNull();
  }

  public void error(String name, String reason) {
    errors.add(new FieldError(pointer + "/" + escape(name), reason));
  }

  /// An integer from `least` to `most`; null if it is absent or wrong.
  public @Nullable Long integer(String name, long least, long most) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < least
        || value.longValue() > most) {
      error(name, "must be an integer from " + least + " to " + most);
      return null;
    }
    return value.longValue();
  }

  public @Nullable Long count(String name) {
    return integer(name, 0, MAX_INTEGER);
  }

  public boolean flag(String name) {
    return flag(name, false);
  }

  /// @param absent the value of an absent field
  public boolean flag(String name, boolean absent) {
    JsonNode value = take(name);
    if (value != null && !value.isBoolean()) {
      error(name, "must be true or false");
    }
    return value == null ? absent : value.asBoolean(absent);
  }

  /// Text of 1 to 256 characters; null if it is absent or wrong.
  public @Nullable String text(String name) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || !isLabel(value.textValue())) {
      error(
          name,
          "must be a string of 1 to " + MAX_CHARACTERS + " characters, none of them a control");
      return null;
    }
    return value.textValue();
  }

  /// Whether text has 1 to 256 characters, whatever their number of bytes, and no control
  /// character, which would break a header or a line of a log.
  public static boolean isLabel(String text) {
    return !text.isEmpty()
        && text.codePointCount(0, text.length()) <= MAX_CHARACTERS
        && text.chars().noneMatch(Character::isISOControl);
  }

  /// An id of 1 to 128 visible ASCII characters; null if it is absent or wrong.
  public @Nullable String id(String name) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || !Ids.isId(value.textValue())) {
      error(name, "must be a string of 1 to 128 visible ASCII characters");
      return null;
    }
    return value.textValue();
  }

  /// An amount that is not negative; null if it is absent or wrong.
  public @Nullable MicroUsd money(String name) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      error(name, "must be USD as a decimal string with 2 to 6 decimals, such as \"5.00\"");
      return null;
    }
    MicroUsd amount = converted(name, value.textValue(), MicroUsd::parseStated);
    if (amount != null && value.textValue().startsWith("-")) {
      error(name, "may not be negative");
      return null;
    }
    return amount;
  }

  /// Text that `convert` accepts. The message of its [IllegalArgumentException] becomes the reason.
  public <T> @Nullable T oneOf(String name, Function<String, T> convert) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      error(name, "must be a string");
      return null;
    }
    return converted(name, value.textValue(), convert);
  }

  private <T> @Nullable T converted(String name, String text, Function<String, T> convert) {
    try {
      return convert.apply(text);
    } catch (IllegalArgumentException e) {
      error(name, String.valueOf(e.getMessage()));
      return null;
    }
  }

  /// Counts by name; empty if the field is absent or wrong. `known` must accept each name. A name
  /// without a count gets `unstated`, or is an error if that is null.
  public Map<String, Long> counts(String name, Function<String, ?> known, @Nullable Long unstated) {
    return named(name, known, RequestFields::count, unstated);
  }

  /// Quantities by name, like [#counts] but with up to six decimals.
  public Map<String, BigDecimal> quantities(
      String name, Function<String, ?> known, @Nullable BigDecimal unstated) {
    return named(name, known, RequestFields::quantity, unstated);
  }

  private @Nullable BigDecimal quantity(String name) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (value.isNumber()
        && value.decimalValue().signum() >= 0
        && value.decimalValue().compareTo(MAX_QUANTITY) <= 0
        && value.decimalValue().stripTrailingZeros().scale() <= QUANTITY_DECIMALS) {
      return value.decimalValue();
    }
    error(
        name,
        "must be a number from 0 to "
            + MAX_INTEGER
            + " with at most "
            + QUANTITY_DECIMALS
            + " decimals");
    return null;
  }

  private <T> Map<String, T> named(
      String name,
      Function<String, ?> known,
      BiFunction<RequestFields, String, @Nullable T> read,
      @Nullable T unstated) {
    RequestFields inside = object(name);
    if (inside == null) {
      return Map.of();
    }
    if (inside.object.size() > MAX_NAMES) {
      error(name, "has more than " + MAX_NAMES + " names");
      return Map.of();
    }
    Map<String, T> counts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : inside.object.properties()) {
      inside.asked.add(field.getKey());
      if (!isLabel(field.getKey())) {
        error(name, "has a name that is not 1 to " + MAX_CHARACTERS + " characters");
        continue;
      }
      if (inside.converted(field.getKey(), field.getKey(), known) == null) {
        continue;
      }
      boolean stated = inside.has(field.getKey());
      T count = stated ? read.apply(inside, field.getKey()) : unstated;
      if (count != null) {
        counts.put(field.getKey(), count);
      } else if (!stated) {
        inside.error(field.getKey(), "must have a count");
      }
    }
    return counts;
  }

  /// Values by name, each a text that `convert` accepts; empty if the field is absent or wrong.
  public <T> Map<String, T> texts(String name, Function<String, T> convert) {
    RequestFields inside = object(name);
    if (inside == null) {
      return Map.of();
    }
    Map<String, T> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : inside.object.properties()) {
      T value = inside.oneOf(field.getKey(), convert);
      if (value != null) {
        values.put(field.getKey(), value);
      }
    }
    return values;
  }

  /// Puts a value into a map under the key that a name within an object field means. A name that
  /// means nothing is an error at its place.
  public <K, V> void put(
      String name, String key, Function<String, K> known, Map<K, V> into, V value) {
    try {
      into.put(known.apply(key), value);
    } catch (IllegalArgumentException e) {
      errors.add(
          new FieldError(
              pointer + "/" + escape(name) + "/" + escape(key), String.valueOf(e.getMessage())));
    }
  }

  /// A list, each element read by `element`; empty if the field is absent or wrong. The message of
  /// an [IllegalArgumentException] becomes the reason at the element's place.
  public <T> List<T> list(String name, Function<JsonNode, T> element) {
    return elements(name, (node, at) -> element.apply(node));
  }

  /// A list of objects, each read by `element`; empty if the field is absent or wrong.
  public <T> List<T> objects(String name, Function<RequestFields, T> element) {
    return elements(
        name,
        (node, at) -> {
          if (!node.isObject()) {
            throw new IllegalArgumentException("must be an object");
          }
          return element.apply(new RequestFields(node, at, errors));
        });
  }

  private <T> List<T> elements(String name, BiFunction<JsonNode, String, T> element) {
    JsonNode value = take(name);
    if (value == null) {
      return List.of();
    }
    if (!value.isArray()) {
      error(name, "must be a list");
      return List.of();
    }
    List<T> elements = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      String at = pointer + "/" + escape(name) + "/" + i;
      try {
        elements.add(element.apply(value.get(i), at));
      } catch (IllegalArgumentException e) {
        errors.add(new FieldError(at, String.valueOf(e.getMessage())));
      }
    }
    return elements;
  }

  /// A value as it was sent, for code that reads it in another way; null if it is absent, which is
  /// an error.
  public @Nullable JsonNode json(String name) {
    JsonNode value = take(name);
    if (value == null) {
      error(name, "is required");
    }
    return value;
  }

  /// The fields of an object within this one; null if it is absent or wrong. Its errors are added
  /// to those of this body.
  public @Nullable RequestFields object(String name) {
    JsonNode value = take(name);
    if (value == null) {
      return null;
    }
    if (!value.isObject()) {
      error(name, "must be an object");
      return null;
    }
    return new RequestFields(value, pointer + "/" + escape(name), errors);
  }

  /// The names of the object's fields.
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /// Adds an error for every field that the code did not ask for.
  public void refuseOthers() {
    object
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!asked.contains(name)) {
                error(name, "is not a field of this request");
              }
            });
  }

  /// Throws the errors of the whole body, if it has any.
  public void end() {
    refuseOthers();
    if (!errors.isEmpty()) {
      throw invalid(List.copyOf(errors.subList(0, Math.min(errors.size(), MAX_ERRORS))));
    }
  }

  private static String escape(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
