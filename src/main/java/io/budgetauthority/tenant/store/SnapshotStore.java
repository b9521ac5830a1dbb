package io.budgetauthority.tenant.store;

import io.budgetauthority.storage.StoredIds;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/// Stores snapshots in the bucket, under `tenants/`: what a newly started function must know to
/// answer during an outage (protocol.md#outage). They are written at each change and read only in
/// an outage. Safe for use by many threads.
public final class SnapshotStore {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  /// A document that changes this often while it is written is left to the process that changes it.
  private static final int MAX_WRITES = 10;

  private static final int MAX_NAME_BYTES = 900;

  private final S3Client s3;
  private final String bucket;

  public SnapshotStore(S3Client s3, String bucket) {
    this.s3 = s3;
    this.bucket = bucket;
  }

  /// The kinds of snapshots.
  public enum Kind {
    /// A tenant's policy, with its strictest mode; by the tenant's id.
    POLICY("policies"),
    /// A caller, by the hash of a secret.
    KEY("keys"),
    /// The overrides of one model, by the tenant's id and the model.
    PRICE_OVERRIDES("price-overrides");

    private final String folder;

    Kind(String folder) {
      this.folder = folder;
    }
  }

  /// The snapshot, read within a second; empty where none exists. What S3 throws, this throws.
  Optional<String> read(Kind kind, String name) {
    try {
      return Optional.of(
          s3.getObjectAsBytes(
                  it ->
                      it.bucket(bucket)
                          .key(key(kind, name))
                          .overrideConfiguration(override -> override.apiCallTimeout(TIMEOUT)))
              .asUtf8String());
    } catch (NoSuchKeyException e) {
      return Optional.empty();
    }
  }

  /// Makes the snapshot equal to the original. Another process may write an older or a newer one at
  /// this moment. So every writer reads the original again after its write, and writes again if it
  /// changed.
  ///
  /// @param original reads it; empty where it was deleted, and then the snapshot is deleted too
  public void publish(Kind kind, String name, Supplier<Optional<String>> original) {
    Optional<String> wanted = original.get();
    for (int write = 0; write < MAX_WRITES; write++) {
      write(kind, name, wanted);
      Optional<String> now = original.get();
      if (now.equals(wanted)) {
        return;
      }
      wanted = now;
    }
  }

  private void write(Kind kind, String name, Optional<String> document) {
    String key = key(kind, name);
    if (document.isEmpty()) {
      s3.deleteObject(it -> it.bucket(bucket).key(key));
    } else {
      s3.putObject(
          it -> it.bucket(bucket).key(key).contentType("application/json"),
          RequestBody.fromString(document.get()));
    }
  }

  /// A key has at most 1,024 bytes, which an encoded name may exceed. Such a name is replaced by
  /// its digest.
  private static String key(Kind kind, String name) {
    String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8);
    return "tenants/"
        + kind.folder
        + "/"
        + (encoded.length() <= MAX_NAME_BYTES ? encoded : StoredIds.digest(name))
        + ".json";
  }
}
