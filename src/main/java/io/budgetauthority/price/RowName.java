package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonProperty;

/// A row by the two names that an approval states.
public record RowName(
    @JsonProperty("provider") String provider, @JsonProperty("model") String model) {

  /// The names of a row.
  public static RowName of(Price row) {
    return new RowName(row.provider(), row.model());
  }
}
