package io.budgetauthority.storage;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The key of an item.
///
/// @param partition the attribute `pk`
/// @param sort the attribute `sk`; null in a table that has none
public record Key(String partition, @Nullable String sort) {

  /// A key of a table without sort keys.
  public static Key of(String partition) {
    return new Key(partition, null);
  }

  Map<String, AttributeValue> toSdk() {
    return sort == null
        ? Map.of("pk", AttributeValue.fromS(partition))
        : Map.of("pk", AttributeValue.fromS(partition), "sk", AttributeValue.fromS(sort));
  }
}
