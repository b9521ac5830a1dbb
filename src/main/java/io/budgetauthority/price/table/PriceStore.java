package io.budgetauthority.price.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.review.PriceReview;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/// Stores price tables in S3. `prices/current` names the table that applies, and is the one object
/// that decides what is published. Except by [#publish], it is replaced only under the condition
/// that it is still what was read. `prices/<version>.json.gz` exists once a version is published
/// and never changes after that. `prices/drafts/<version>.json.gz` and
/// `prices/reviews/<version>.json` are what was imported and its review.
/// `prices/records/<version>.json` is the version's record.
public final class PriceStore {

  private static final String FOLDER = "prices/";
  private static final String CURRENT = FOLDER + "current";
  private static final String DRAFTS = FOLDER + "drafts/";
  private static final String REVIEWS = FOLDER + "reviews/";
  private static final String RECORDS = FOLDER + "records/";
  private static final String IMPORTS = FOLDER + "imports/";
  private static final String TABLE = ".json.gz";
  private static final String JSON_FILE = ".json";
  private static final String PUBLISHED_AT = "published-at";
  private static final String PUBLISHED_BY = "published-by";

  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int PRECONDITION_FAILED = 412;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .build();

  private final S3Client s3;
  private final String bucket;

  public PriceStore(S3Client s3, String bucket) {
    this.s3 = s3;
    this.bucket = bucket;
  }

  /// The table that applies.
  ///
  /// @param since when it was published; null where neither this service nor the store recorded it
  /// @param by who published it; null where that was not recorded
  /// @param tag what a replacement is conditioned on
  public record Current(String version, @Nullable Instant since, @Nullable String by, String tag) {}

  public Optional<Current> current() {
    return get(CURRENT)
        .map(
            object ->
                new Current(
                    new String(object.asByteArrayUnsafe(), StandardCharsets.UTF_8).strip(),
                    publishedAt(object.response()),
                    object.response().metadata().get(PUBLISHED_BY),
                    object.response().eTag()));
  }

  private static @Nullable Instant publishedAt(GetObjectResponse object) {
    String recorded = object.metadata().get(PUBLISHED_AT);
    return recorded == null ? object.lastModified() : Instant.parse(recorded);
  }

  /// A published table.
  public Optional<PriceTable> read(String version) {
    return get(FOLDER + version + TABLE).map(PriceStore::decode);
  }

  /// Stores a table that needs no review and publishes it, as the first one of a store. A version
  /// that already exists with another content gets an [IllegalStateException], because a published
  /// version never changes.
  public void publish(PriceTable table) {
    if (!writeOnce(table)) {
      throw new IllegalStateException(
          "price table " + table.version() + " is published with another content");
    }
    Optional<Current> seen = current();
    if (seen.isEmpty() || !seen.get().version().equals(table.version())) {
      put(CURRENT, table.version().getBytes(StandardCharsets.UTF_8));
    }
  }

  /// Stores a table for good. False where the version exists with another content.
  boolean writeOnce(PriceTable table) {
    byte[] bytes = encode(table);
    String key = FOLDER + table.version() + TABLE;
    Optional<byte[]> stored = bytes(key);
    if (stored.isEmpty() && putIf(request(key).ifNoneMatch("*").build(), bytes)) {
      return true;
    }
    return stored.or(() -> bytes(key)).filter(there -> Arrays.equals(there, bytes)).isPresent();
  }

  /// Publishes a version if the version that was seen still applies. False where it does not.
  ///
  /// @param seen null where none applied
  boolean replaceCurrent(@Nullable Current seen, String version, Instant at, String by) {
    PutObjectRequest.Builder put =
        request(CURRENT).metadata(Map.of(PUBLISHED_AT, at.toString(), PUBLISHED_BY, by));
    if (seen == null) {
      put.ifNoneMatch("*");
    } else {
      put.ifMatch(seen.tag());
    }
    return putIf(put.build(), version.getBytes(StandardCharsets.UTF_8));
  }

  /// Stores what was imported. The record is written last: where it exists, the rest exists too.
  void writeDraft(PriceTable table, PriceReview review, PriceTableRecord tableRecord) {
    put(DRAFTS + table.version() + TABLE, encode(table));
    put(REVIEWS + table.version() + JSON_FILE, json(review));
    // The same source may be imported twice at once: the record may already have its publication.
    if (bytes(RECORDS + table.version() + JSON_FILE).isEmpty()) {
      var unused =
          putIf(
              request(RECORDS + table.version() + JSON_FILE).ifNoneMatch("*").build(),
              json(tableRecord));
    }
  }

  Optional<PriceTable> readDraft(String version) {
    return get(DRAFTS + version + TABLE).map(PriceStore::decode);
  }

  Optional<PriceReview> readReview(String version) {
    return bytes(REVIEWS + version + JSON_FILE).map(bytes -> parse(bytes, PriceReview.class));
  }

  void writeRecord(PriceTableRecord tableRecord) {
    put(RECORDS + tableRecord.version() + JSON_FILE, json(tableRecord));
  }

  /// What is known of a version. A table without a record describes itself: it was published before
  /// records existed, or as the first one.
  Optional<PriceTableRecord> readRecord(String version) {
    return bytes(RECORDS + version + JSON_FILE)
        .map(bytes -> parse(bytes, PriceTableRecord.class))
        .or(
            () ->
                get(FOLDER + version + TABLE)
                    .map(
                        object ->
                            PriceTableRecord.ofUnreviewed(
                                decode(object), object.response().lastModified())));
  }

  /// The name of every version, published or not.
  NavigableSet<String> versions() {
    NavigableSet<String> versions = new TreeSet<>();
    names(FOLDER, TABLE).forEach(versions::add);
    names(RECORDS, JSON_FILE).forEach(versions::add);
    return versions;
  }

  private List<String> names(String folder, String ending) {
    return s3
        .listObjectsV2Paginator(list -> list.bucket(bucket).prefix(folder).delimiter("/"))
        .contents()
        .stream()
        .map(S3Object::key)
        .filter(key -> key.endsWith(ending))
        .map(key -> key.substring(folder.length(), key.length() - ending.length()))
        .filter(name -> name.indexOf('/') < 0)
        .toList();
  }

  /// An object that somebody dropped in the bucket.
  ///
  /// @param identity differs from that of any other object that is or was at its key
  record Dropped(String key, String identity, byte[] bytes) {}

  /// @param mostBytes of a larger object, only this many bytes and one more are read
  Optional<Dropped> readDropped(String key, int mostBytes) {
    try {
      return Optional.of(
          s3.getObject(
              request -> request.bucket(bucket).key(key),
              (response, content) ->
                  new Dropped(
                      key,
                      String.join(
                          "\n",
                          key,
                          response.eTag(),
                          response.versionId(),
                          String.valueOf(response.lastModified())),
                      content.readNBytes(mostBytes + 1))));
    } catch (NoSuchKeyException e) {
      return Optional.empty();
    }
  }

  /// The keys in a folder, each with text that changes when another object replaces it.
  List<String> keysAndTags(String folder) {
    List<String> found = new ArrayList<>();
    for (S3Object object :
        s3.listObjectsV2Paginator(list -> list.bucket(bucket).prefix(folder)).contents()) {
      if (!object.key().endsWith("/")) {
        found.add(object.key() + '\n' + object.eTag() + '\n' + object.lastModified());
      }
    }
    return found;
  }

  /// What became of a dropped object.
  Optional<IncomingPrices.Import> readImport(String name) {
    return bytes(IMPORTS + name + JSON_FILE)
        .map(bytes -> parse(bytes, IncomingPrices.Import.class));
  }

  void writeImport(String name, IncomingPrices.Import done) {
    put(IMPORTS + name + JSON_FILE, json(done));
  }

  private static PriceTable decode(ResponseBytes<GetObjectResponse> object) {
    try {
      return PriceTableJson.read(new ByteArrayInputStream(object.asByteArrayUnsafe()));
    } catch (IOException e) {
      throw new UncheckedIOException("a stored price table cannot be read", e);
    }
  }

  private static byte[] encode(PriceTable table) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      PriceTableJson.write(table, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] json(Object value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a price table's papers cannot be written", e);
    }
  }

  private static <T> T parse(byte[] bytes, Class<T> type) {
    try {
      return JSON.readValue(bytes, type);
    } catch (IOException e) {
      throw new UncheckedIOException("a stored " + type.getSimpleName() + " cannot be read", e);
    }
  }

  private Optional<byte[]> bytes(String key) {
    return get(key).map(ResponseBytes::asByteArrayUnsafe);
  }

  private Optional<ResponseBytes<GetObjectResponse>> get(String key) {
    try {
      return Optional.of(
          s3.getObject(request -> request.bucket(bucket).key(key), ResponseTransformer.toBytes()));
    } catch (NoSuchKeyException e) {
      return Optional.empty();
    }
  }

  private void put(String key, byte[] bytes) {
    s3.putObject(request(key).build(), RequestBody.fromBytes(bytes));
  }

  private boolean putIf(PutObjectRequest request, byte[] bytes) {
    try {
      s3.putObject(request, RequestBody.fromBytes(bytes));
      return true;
    } catch (S3Exception e) {
      // Another object exists, one is being written at this moment, or the one to replace was
      // deleted.
      if (e.statusCode() == PRECONDITION_FAILED
          || e.statusCode() == CONFLICT
          || e.statusCode() == NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private PutObjectRequest.Builder request(String key) {
    return PutObjectRequest.builder().bucket(bucket).key(key);
  }
}
