package io.budgetauthority.ledger;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A part of a walk over an index.
///
/// @param next where the walk goes on; null at its end
public record Page<T>(List<T> items, @Nullable Next next) {

  public Page {
    items = List.copyOf(items);
  }

  /// A place within a walk, which means nothing to whoever walks.
  public record Next(Map<String, AttributeValue> key) {
    public Next {
      key = Map.copyOf(key);
    }
  }

  <U> Page<U> map(Function<T, U> read) {
    return new Page<>(items.stream().map(read).toList(), next);
  }
}
