package io.budgetauthority.api.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.input.RequestFields;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A page of a list (protocol.md#lists).
///
/// @param next the value of `after` for the next page; null at the end
public record Page<T>(
    @JsonProperty("items") List<T> items, @JsonProperty("next") @Nullable String next) {

  private static final int MOST = 200;
  private static final int USUAL = 50;

  public Page {
    items = List.copyOf(items);
  }

  /// The `limit` of a list. A value that is no integer from 1 to 200 gets a 400 that names it.
  public static int limit(@Nullable String limit) {
    if (limit == null) {
      return USUAL;
    }
    if (!limit.matches("[1-9][0-9]{0,2}") || Integer.parseInt(limit) > MOST) {
      throw RequestFields.invalid("limit", "must be an integer from 1 to " + MOST);
    }
    return Integer.parseInt(limit);
  }
}
