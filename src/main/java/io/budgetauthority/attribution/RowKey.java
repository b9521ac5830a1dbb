package io.budgetauthority.attribution;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

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

  Key key() {
    return new Key(partitionKey(tenantId, day), sortKey());
  }

  /// The dimensions that are stated, by their stored names.
  Attributes write() {
    Attributes.Builder item = Attributes.builder().put("tenant", tenantId);
    for (Dimension dimension : Dimension.values()) {
      item.putIfPresent(dimension.field(), of(dimension));
    }
    return item.build();
  }

  static RowKey read(Attributes item) {
    return new RowKey(
        item.text("tenant"),
        LocalDate.parse(item.text(Dimension.DAY.field())),
        item.textOrNull(Dimension.RUN.field()),
        item.textOrNull(Dimension.USER.field()),
        item.textOrNull(Dimension.KEY.field()),
        item.textOrNull(Dimension.TEAM.field()),
        item.textOrNull(Dimension.FEATURE.field()),
        item.textOrNull(Dimension.PROVIDER.field()),
        item.textOrNull(Dimension.MODEL.field()),
        item.textOrNull(Dimension.REQUEST_CLASS.field()));
  }
}
