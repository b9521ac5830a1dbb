package io.budgetauthority.price.litellm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.money.PicoUsd;
import io.budgetauthority.price.review.ImportNotes;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/// Reads single values of one row of LiteLLM's price file by kind. A value of another kind is noted
/// as a problem and gives null, except for a flag.
final class RowValues {

  private static final int MAX_SHOWN = 80;

  private final String model;
  private final ObjectNode row;
  private final ImportNotes notes;

  RowValues(String model, ObjectNode row, ImportNotes notes) {
    this.model = model;
    this.row = row;
    this.notes = notes;
  }

  void problem(String field, String reason) {
    notes.problem(model, field, reason);
  }

  /// @param perPowerOfTen the value prices 10 to this power of what is billed
  @Nullable PicoUsd usd(String field, JsonNode value, int perPowerOfTen) {
    if (!value.isNumber()) {
      problem(field, "must be a number, not " + shown(value));
      return null;
    }
    if (value.decimalValue().signum() < 0) {
      problem(field, "may not be negative: " + shown(value));
      return null;
    }
    try {
      return PicoUsd.ofUsd(value.decimalValue().scaleByPowerOfTen(-perPowerOfTen));
    } catch (ArithmeticException tooLarge) {
      problem(field, "is too large for a price: " + shown(value));
      return null;
    }
  }

  /// A whole number of tokens, also where it is written with a decimal point, such as `256000.0`.
  @Nullable Long whole(String field, JsonNode value) {
    BigDecimal number = value.isNumber() ? value.decimalValue().stripTrailingZeros() : null;
    if (number == null
        || number.signum() < 0
        || number.scale() > 0
        || (long) number.precision() - number.scale() > 18) {
      problem(field, "must be a whole number of tokens, not " + shown(value));
      return null;
    }
    return number.longValueExact();
  }

  /// A limit in tokens. Zero means that none is stated.
  @Nullable Long limit(String field) {
    JsonNode value = present(field);
    Long limit = value == null ? null : whole(field, value);
    return limit == null || limit == 0 ? null : limit;
  }

  boolean flag(String field, boolean absent) {
    JsonNode value = present(field);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      problem(field, "must be true or false, not " + shown(value));
    }
    return value.asBoolean();
  }

  @Nullable String text(String field) {
    JsonNode value = present(field);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || value.asText().isBlank()) {
      problem(field, "must be a name, not " + shown(value));
      return null;
    }
    return value.asText();
  }

  /// The value of a field; null where it is absent or null. Nulls are refused where the row is
  /// read.
  private @Nullable JsonNode present(String field) {
    JsonNode value = row.get(field);
    return value == null || value.isNull() ? null : value;
  }

  private static String shown(JsonNode value) {
    String json = value.toString();
    return json.length() <= MAX_SHOWN ? json : json.substring(0, MAX_SHOWN) + "…";
  }
}
