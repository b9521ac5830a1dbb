package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.budgetauthority.price.Price;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// The one codec of what is stored of a decision: the decision itself, the row that it was priced
/// by and the usage that it was charged for. It also makes the hash that tells two requests apart.
/// Nulls are left out, and unknown fields are ignored. So a process reads what a newer one wrote.
public final class RecordJson {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_EMPTY, JsonInclude.Include.NON_EMPTY))
          .build();

  private static final ObjectWriter WRITER = MAPPER.writer();
  private static final ObjectReader DECISION = MAPPER.readerFor(Decision.class);
  private static final ObjectReader USAGE = MAPPER.readerFor(ChargedUsage.class);
  private static final ObjectReader PRICE = MAPPER.readerFor(Price.class);

  /// A few rows price most calls, and a row is half of what is stored for a decision. So each row
  /// is written as JSON once, and the JSON of each row is read once.
  private static final Cache<Price, byte[]> PACKED_PRICES =
      Caffeine.newBuilder().weakKeys().build();

  private static final int MAX_PRICES = 1_000;
  private static final Cache<ByteBuffer, Price> READ_PRICES =
      Caffeine.newBuilder().maximumSize(MAX_PRICES).build();

  private RecordJson() {}

  /// A part of a decision, or the usage of a charge, as it is stored.
  public static byte[] pack(Object part) {
    return PackedJson.pack(write(part));
  }

  /// A row as it is stored.
  public static byte[] packPrice(Price row) {
    return PACKED_PRICES.get(row, RecordJson::pack);
  }

  /// The JSON of a part of a decision, or of a message that contains one.
  public static String write(Object part) {
    try {
      return WRITER.writeValueAsString(part);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "a " + part.getClass().getSimpleName() + " cannot be written", e);
    }
  }

  /// Reads a part of a message that [#write] wrote. Any other JSON gets an [IllegalStateException].
  public static <T> T read(JsonNode json, Class<T> type) {
    try {
      return MAPPER.treeToValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a " + type.getSimpleName() + " cannot be read", e);
    }
  }

  /// Reads what [#pack] made of a decision. Any other bytes get an [IllegalStateException].
  public static Decision unpackDecision(byte[] packed) {
    return readDecision(PackedJson.unpack(packed));
  }

  /// Reads what [#pack] made of a usage. Any other bytes get an [IllegalStateException].
  public static ChargedUsage unpackUsage(byte[] packed) {
    return readUsage(PackedJson.unpack(packed));
  }

  /// Reads what [#packPrice] made. Any other bytes get an [IllegalStateException].
  public static Price unpackPrice(byte[] packed) {
    return READ_PRICES.get(ByteBuffer.wrap(packed), same -> readPrice(PackedJson.unpack(packed)));
  }

  /// Reads a decision. Any other text gets an [IllegalStateException].
  public static Decision readDecision(String json) {
    return read(DECISION, json, "decision");
  }

  /// Reads the usage of a charge. Any other text gets an [IllegalStateException].
  public static ChargedUsage readUsage(String json) {
    return read(USAGE, json, "usage of a charge");
  }

  /// Reads a price row. Any other text gets an [IllegalStateException].
  public static Price readPrice(String json) {
    return read(PRICE, json, "price row");
  }

  private static <T> T read(ObjectReader reader, String json, String what) {
    try {
      return reader.readValue(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored " + what + " cannot be read", e);
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
