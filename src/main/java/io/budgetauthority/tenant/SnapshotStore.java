package io.budgetauthority.tenant;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/// Copies in the bucket, under `tenants/`, of what a cold function must know to answer during an
/// outage (protocol.md#outage). They are written at each change and read in an outage alone. Safe
/// for use by many threads.
public final class SnapshotStore {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  /// A document that changed so often while it was written is left to who changes it.
  private static final int MAX_WRITES = 10;

  private static final int MAX_NAME_BYTES = 900;

  private final S3Client s3;
  private final String bucket;

  public SnapshotStore(S3Client s3, String bucket) {
    this.s3 = s3;
    this.bucket = bucket;
  }

  /// What there are copies of.
  public enum Kind {
    /// A tenant's policy, with its strictest mode; by the tenant's id.
    POLICY("policies"),
    /// A caller, by the hash of a secret.
    KEY("keys"),
    /// The prices that a tenant states itself of one model, by the tenant's id and the model.
    PRICE_OVERRIDES("price-overrides");

    private final String folder;

    Kind(String folder) {
      this.folder = folder;
    }
  }

  /// The copy, within a second; empty where there is none. What S3 throws, this throws.
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

  /// Makes the copy what the original is now, also where somebody else copies an older or a newer
  /// one at this moment: whoever wrote last has seen the original after it.
  ///
  /// @param original reads it; empty where it is gone, and the copy with it
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

  /// A key has at most 1,024 bytes, which an encoded name may exceed: such a name is kept by its
  /// digest.
  private static String key(Kind kind, String name) {
    String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8);
    return "tenants/"
        + kind.folder
        + "/"
        + (encoded.length() <= MAX_NAME_BYTES ? encoded : StoredIds.digest(name))
        + ".json";
  }
}
