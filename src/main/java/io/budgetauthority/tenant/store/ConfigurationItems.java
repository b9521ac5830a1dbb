package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.core.type.TypeReference;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Query;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;

/// How configuration is stored: a tenant's items in one partition, each with its version and its
/// content as JSON.
public final class ConfigurationItems {

  /// What belongs to no tenant is stored under the name that no tenant can have.
  static final String NO_TENANT = "";

  /// Above every character of an id.
  private static final String END = "\u007f";

  private static final String CONTENT = "doc";
  private static final String VERSION = "ver";

  private ConfigurationItems() {}

  /// The partition of a tenant's configuration.
  public static String partition(String tenantId) {
    return StoredIds.escape(tenantId) + "#config";
  }

  public static Key key(String tenantId, String sortKey) {
    return new Key(partition(tenantId), sortKey);
  }

  /// The items whose sort keys begin with a prefix.
  ///
  /// @param from the sort key to begin with, inclusive; it has the prefix
  static Query list(String table, String tenantId, String prefix, String from) {
    return Query.between(table, partition(tenantId), from, prefix + END);
  }

  /// What sorts directly after an id and before every longer one.
  static String after(String id) {
    return StoredIds.escape(id) + " ";
  }

  static Attributes.Builder item(Key key, Object content) {
    return Attributes.at(key).put(CONTENT, ConfigurationJson.write(content));
  }

  /// A write of content that replaces the version before it.
  ///
  /// @param version the new version; 1 for the first
  static Write.Put replace(String table, Attributes.Builder item, long version) {
    return new Write.Put(table, item.put(VERSION, version).build(), hasVersion(version - 1));
  }

  /// The condition that an item has a version; 0 means that it does not exist.
  static Write.Condition hasVersion(long version) {
    return version == 0
        ? Write.Condition.ABSENT
        : new Write.Condition("ver = :seen", Attributes.of(":seen", version));
  }

  static long version(Attributes item) {
    return item.number(VERSION);
  }

  static <T> T read(Attributes item, Class<T> type) {
    return ConfigurationJson.read(item.text(CONTENT), type);
  }

  static <T> T read(Attributes item, TypeReference<T> type) {
    return ConfigurationJson.read(item.text(CONTENT), type);
  }
}
