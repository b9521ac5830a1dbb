package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;

/// Writes and reads configuration as JSON: in the table, in the bucket and in the audit trail.
public final class ConfigurationJson {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .build();

  private ConfigurationJson() {}

  public static <T> T read(String document, Class<T> type) {
    try {
      return JSON.readValue(document, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored " + type.getSimpleName() + " cannot be read", e);
    }
  }

  public static <T> T read(String document, TypeReference<T> type) {
    try {
      return JSON.readValue(document, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("stored configuration cannot be read", e);
    }
  }

  public static String write(Object configuration) {
    try {
      return JSON.writeValueAsString(configuration);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a configuration cannot be written", e);
    }
  }

  /// The same JSON as a tree.
  public static JsonNode tree(Object configuration) {
    return JSON.valueToTree(configuration);
  }
}
