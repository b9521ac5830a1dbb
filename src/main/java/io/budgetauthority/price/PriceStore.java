package io.budgetauthority.price;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/// Price tables in S3: `prices/<version>.json.gz`, each immutable, and `prices/current`, which
/// names the one in force.
public final class PriceStore {

  private static final String CURRENT = "prices/current";

  private final S3Client s3;
  private final String bucket;

  public PriceStore(S3Client s3, String bucket) {
    this.s3 = s3;
    this.bucket = bucket;
  }

  public Optional<String> currentVersion() {
    return get(CURRENT).map(bytes -> new String(bytes, StandardCharsets.UTF_8).strip());
  }

  public Optional<PriceTable> read(String version) {
    return get(key(version)).map(PriceStore::decode);
  }

  /// Stores a table and puts it in force. A version that is there already with another content gets
  /// an [IllegalStateException]: what was published never changes.
  public void publish(PriceTable table) {
    byte[] bytes = encode(table);
    Optional<byte[]> stored = get(key(table.version()));
    if (stored.isPresent() && !Arrays.equals(stored.get(), bytes)) {
      throw new IllegalStateException(
          "price table " + table.version() + " is published with another content");
    }
    if (stored.isEmpty()) {
      put(key(table.version()), bytes);
    }
    put(CURRENT, table.version().getBytes(StandardCharsets.UTF_8));
  }

  private static PriceTable decode(byte[] bytes) {
    try {
      return PriceTableJson.read(new ByteArrayInputStream(bytes));
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

  private static String key(String version) {
    return "prices/" + version + ".json.gz";
  }

  private Optional<byte[]> get(String key) {
    try {
      ResponseBytes<GetObjectResponse> object =
          s3.getObject(request -> request.bucket(bucket).key(key), ResponseTransformer.toBytes());
      return Optional.of(object.asByteArrayUnsafe());
    } catch (NoSuchKeyException e) {
      return Optional.empty();
    }
  }

  private void put(String key, byte[] bytes) {
    s3.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromBytes(bytes));
  }
}
