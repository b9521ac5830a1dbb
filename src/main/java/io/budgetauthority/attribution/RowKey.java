package io.budgetauthority.attribution;

import static io.budgetauthority.tenant.StoredValues.text;
import static io.budgetauthority.tenant.StoredValues.textOrNull;

import io.budgetauthority.tenant.StoredIds;
import io.budgetauthority.tenant.StoredValues;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The key of one row of attribution: a day of a tenant, and what the calls of the row have in
/// common. A value is null where it was not stated.
///
/// @param day the day of the decision in the tenant's zone
/// @param provider and `model`: who served the call. Before that is known, they are what the call
///   was held for, and for a block what was asked for
public record RowKey(
    String tenantId,
    LocalDate day,
    @Nullable String runId,
    @Nullable String userId,
    @Nullable String keyId,
    @Nullable String teamId,
    @Nullable String featureId,
    @Nullable String provider,
    @Nullable String model,
    @Nullable String requestClass) {

  /// A row's value of a dimension; null where it was not stated.
  public @Nullable String of(Dimension dimension) {
    return switch (dimension) {
      case DAY -> day.toString();
      case RUN -> runId;
      case USER -> userId;
      case KEY -> keyId;
      case TEAM -> teamId;
      case FEATURE -> featureId;
      case PROVIDER -> provider;
      case MODEL -> model;
      case REQUEST_CLASS -> requestClass;
    };
  }

  /// All rows of a tenant's day are one partition: a query over days reads one after the other.
  static String partitionKey(String tenantId, LocalDate day) {
    return StoredIds.escape(tenantId) + "#day#" + day;
  }

  /// What the sort keys of a user's rows begin with, so that the rows of one user are read alone.
  static String userPrefix(@Nullable String userId) {
    return (userId == null ? "" : StoredIds.escape(userId)) + '#';
  }

  /// The key of the index under which the rows and the decisions of a run are found.
  static String runKey(String tenantId, String runId) {
    return StoredIds.escape(tenantId) + "#run#" + StoredIds.escape(runId);
  }

  /// The names of all dimensions together are too long for a key, so the key has their digest.
  String sortKey() {
    return userPrefix(userId)
        + StoredIds.digest(runId, userId, keyId, teamId, featureId, provider, model, requestClass);
  }

  Map<String, AttributeValue> key() {
    return Map.of("pk", text(partitionKey(tenantId, day)), "sk", text(sortKey()));
  }

  /// The dimensions that are stated, by their stored names.
  Map<String, AttributeValue> write() {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("tenant", text(tenantId));
    for (Dimension dimension : Dimension.values()) {
      String value = of(dimension);
      if (value != null) {
        item.put(dimension.field(), text(value));
      }
    }
    return item;
  }

  static RowKey read(Map<String, AttributeValue> item) {
    return new RowKey(
        StoredValues.text(item, "tenant"),
        LocalDate.parse(StoredValues.text(item, Dimension.DAY.field())),
        textOrNull(item, Dimension.RUN.field()),
        textOrNull(item, Dimension.USER.field()),
        textOrNull(item, Dimension.KEY.field()),
        textOrNull(item, Dimension.TEAM.field()),
        textOrNull(item, Dimension.FEATURE.field()),
        textOrNull(item, Dimension.PROVIDER.field()),
        textOrNull(item, Dimension.MODEL.field()),
        textOrNull(item, Dimension.REQUEST_CLASS.field()));
  }
}
