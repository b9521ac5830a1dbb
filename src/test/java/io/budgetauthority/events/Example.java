package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// An example event of `events/`, read as a function's runtime reads it.
record Example(String json) {

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  static Example named(String name) {
    try {
      return new Example(Files.readString(Path.of("events", name + ".json")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Example with(String placeholder, String value) {
    if (!json.contains(placeholder)) {
      throw new IllegalStateException("the example has no " + placeholder);
    }
    return new Example(json.replace(placeholder, value));
  }

  /// One of AWS's own classes of events.
  <T> T asAwsEvent(Class<T> type) {
    return LambdaEventSerializers.serializerFor(type, type.getClassLoader()).fromJson(json);
  }

  /// One of ours.
  <T> T as(Class<T> type) {
    return read(JSON.constructType(type));
  }

  Map<String, Object> asMap() {
    return read(JSON.getTypeFactory().constructMapType(Map.class, String.class, Object.class));
  }

  private <T> T read(JavaType type) {
    try {
      return JSON.readValue(json, type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
