package io.budgetauthority.ledger;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// One page of a query.
///
/// @param next where the next page begins; null on the last page
public record Page<T>(List<T> items, @Nullable Next next) {

  public Page {
    items = List.copyOf(items);
  }

  /// A position within a query. Its content has no meaning for the caller.
  public record Next(Map<String, AttributeValue> key) {
    public Next {
      key = Map.copyOf(key);
    }
  }

  <U> Page<U> map(Function<T, U> read) {
    return new Page<>(items.stream().map(read).toList(), next);
  }
}
