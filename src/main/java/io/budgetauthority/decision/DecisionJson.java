package io.budgetauthority.decision;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.price.Price;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// Writes and reads a decision's facts and its price row as the ledger's item stores them, and
/// makes the hash that tells two requests apart. Nulls are left out, so that a field that is added
/// later changes neither.
public final class DecisionJson {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_EMPTY, JsonInclude.Include.NON_EMPTY))
          .build();

  private static final ObjectWriter WRITER = MAPPER.writer();
  private static final ObjectReader FACTS = MAPPER.readerFor(DecisionFacts.class);
  private static final ObjectReader PRICE = MAPPER.readerFor(Price.class);

  /// A few rows price most calls, and a row is half of what is stored for a decision. So each row
  /// is written as JSON once, and the JSON of each row is read once.
  private static final Cache<Price, String> WRITTEN_PRICES =
      Caffeine.newBuilder().weakKeys().build();

  private static final int MAX_PRICES = 1_000;
  private static final Cache<String, Price> READ_PRICES =
      Caffeine.newBuilder().maximumSize(MAX_PRICES).build();

  private DecisionJson() {}

  public static String writePrice(Price row) {
    return WRITTEN_PRICES.get(row, DecisionJson::write);
  }

  public static String write(Object facts) {
    try {
      return WRITER.writeValueAsString(facts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a decision cannot be written", e);
    }
  }

  /// Reads what [#write] wrote of a type.
  public static <T> T read(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored " + type.getSimpleName() + " cannot be read", e);
    }
  }

  public static DecisionFacts readFacts(String json) {
    try {
      return FACTS.readValue(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored decision cannot be read", e);
    }
  }

  public static Price readPrice(String json) {
    return READ_PRICES.get(json, DecisionJson::parsePrice);
  }

  private static Price parsePrice(String json) {
    try {
      return PRICE.readValue(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored price row cannot be read", e);
    }
  }

  /// A hash of a request's meaning. The order of members and the nulls of the body do not matter.
  public static String hash(Object request) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(write(request).getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
