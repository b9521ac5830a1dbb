package io.budgetauthority.storage;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One page of a query.
///
/// @param next where the next page begins; null on the last page
public record Page<T>(List<T> items, @Nullable Next next) {

  public Page {
    items = List.copyOf(items);
  }

  /// A position within a query: the attributes of the keys of the item before it.
  public record Next(Attributes key) {}

  public <U> Page<U> map(Function<T, U> read) {
    return new Page<>(items.stream().map(read).toList(), next);
  }
}
