package io.budgetauthority.price.table;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.price.ConditionalWrites;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.review.ImportNotes;
import io.budgetauthority.price.review.PriceDiff;
import io.budgetauthority.price.review.PriceReview;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.s3.S3Client;

/// The objects of price tables on a real S3 server, whose conditions are honoured as AWS does.
@Timeout(60)
class PriceStoreTest {

  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00Z");

  private final LocalCloud cloud = LocalCloudForTests.shared();
  private final S3Client plain = LocalCloudForTests.s3(cloud);
  private final String bucket = "prices-" + UUID.randomUUID();
  private final PriceStore store =
      new PriceStore(
          S3Client.builder()
              .httpClientBuilder(ApacheHttpClient.builder())
              .endpointOverride(cloud.s3Endpoint())
              .forcePathStyle(true)
              .region(LocalCloud.region())
              .credentialsProvider(LocalCloud.credentials())
              .overrideConfiguration(
                  override -> override.addExecutionInterceptor(new ConditionalWrites(plain)))
              .build(),
          bucket);

  PriceStoreTest() {
    plain.createBucket(create -> create.bucket(bucket));
  }

  private static PriceTable table(String version, long picos) {
    return new PriceTable(version, NOW, "a test", List.of(TestAuthority.price("m", picos, picos)));
  }

  private String versionInForce() {
    return store.current().map(PriceStore.Current::version).orElse("none");
  }

  private void put(String key, String text) {
    plain.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromString(text));
  }

  @Test
  void whenAVersionIsPublished_itsContentIsFinal() {
    assertEquals("none", versionInForce());
    store.publish(table("v1", 1));
    store.publish(table("v1", 1));

    assertEquals("v1", versionInForce());
    assertThrows(IllegalStateException.class, () -> store.publish(table("v1", 2)));
    assertEquals(
        1L,
        store
            .read("v1")
            .orElseThrow()
            .rows()
            .getFirst()
            .cards()
            .getFirst()
            .tokenPicos()
            .get(TokenClass.INPUT));
    store.publish(table("v2", 2));
    assertEquals("v2", versionInForce());
    assertEquals(Optional.empty(), store.read("v3"));
  }

  @Test
  void whenATableIsInForce_publishingItAgainChangesNothing() {
    store.publish(table("v1", 1));
    PriceStore.Current before = store.current().orElseThrow();
    assertTrue(store.replaceCurrent(before, "v1", NOW, "ops"));

    store.publish(table("v1", 1));
    assertEquals("ops", store.current().orElseThrow().by(), "who did it stays on record");
  }

  @Test
  void whenAVersionIsWrittenAgain_itsContentMustBeTheSame() {
    assertTrue(store.writeOnce(table("v1", 1)));
    assertTrue(store.writeOnce(table("v1", 1)));
    assertFalse(store.writeOnce(table("v1", 2)));
  }

  @Test
  void whenTheTableInForceHasChanged_itIsNotReplaced() {
    assertTrue(store.replaceCurrent(null, "v1", NOW, "ops"));
    PriceStore.Current first = store.current().orElseThrow();
    assertEquals("v1", first.version());
    assertEquals(NOW, first.since());
    assertEquals("ops", first.by());

    assertFalse(store.replaceCurrent(null, "v2", NOW, "ops"));
    assertTrue(store.replaceCurrent(first, "v2", NOW, "ops"));
    assertFalse(store.replaceCurrent(first, "v3", NOW, "ops"));
    assertEquals("v2", versionInForce());
  }

  @Test
  void whenATableIsPutInForceByHand_nobodyIsNamed() {
    put("prices/current", " v1\n");

    PriceStore.Current current = store.current().orElseThrow();
    assertEquals("v1", current.version());
    assertNull(current.by());
  }

  @Test
  void whenVersionsAreListed_draftsAreListedToo() {
    store.publish(table("v1", 1));
    PriceTable draft = table("v2", 2);
    PriceReview review = PriceDiff.review(null, draft, new ImportNotes());
    PriceTableRecord drafted = PriceTableRecord.ofDraft(draft, review, NOW, "ops");
    store.writeDraft(draft, review, drafted);
    put("prices/deeper/v3.json.gz", "not ours");
    put("prices/notes.txt", "not ours");

    assertEquals(List.of("v1", "v2"), new ArrayList<>(store.versions()));
    assertEquals(Optional.of(drafted), store.readRecord("v2"));
    assertEquals(Optional.of(review), store.readReview("v2"));
    assertEquals("v2", store.readDraft("v2").orElseThrow().version());
    assertEquals(Optional.empty(), store.readDraft("v1"));
    assertTrue(store.readRecord("v1").orElseThrow().published());
    assertEquals(Optional.empty(), store.readRecord("v3"));
  }

  @Test
  void whenADraftIsWrittenAgain_itsPublicationIsKept() {
    PriceTable draft = table("v1", 1);
    PriceReview review = PriceDiff.review(null, draft, new ImportNotes());
    PriceTableRecord drafted = PriceTableRecord.ofDraft(draft, review, NOW, "ops");
    store.writeDraft(draft, review, drafted);
    assertTrue(store.replaceCurrent(null, "v1", NOW, "ops"));
    PriceTableRecord published = drafted.publishedAs(store.current().orElseThrow());
    store.writeRecord(published);

    store.writeDraft(draft, review, drafted);
    assertEquals(Optional.of(published), store.readRecord("v1"));
  }

  @Test
  void whenADroppedFileIsTooLarge_onlyOneByteMoreIsRead() {
    put("incoming/a.json", "12345");

    assertArrayEquals("12345".getBytes(StandardCharsets.UTF_8), dropped(5));
    assertArrayEquals("12345".getBytes(StandardCharsets.UTF_8), dropped(4));
    assertArrayEquals("1234".getBytes(StandardCharsets.UTF_8), dropped(3));
    assertEquals(Optional.empty(), store.readDropped("incoming/none.json", 5));
  }

  private byte[] dropped(int mostBytes) {
    return store.readDropped("incoming/a.json", mostBytes).orElseThrow().bytes();
  }

  @Test
  void whenAnObjectIsReplaced_itsIdentityChanges() {
    put("incoming/", "");
    put("incoming/a.json", "one");
    List<String> before = store.keysAndTags("incoming/");
    String identity = store.readDropped("incoming/a.json", 9).orElseThrow().identity();
    put("incoming/a.json", "two");

    assertEquals(1, before.size(), "a folder is no object");
    assertTrue(before.getFirst().startsWith("incoming/a.json\n"));
    assertFalse(before.equals(store.keysAndTags("incoming/")));
    assertFalse(identity.equals(store.readDropped("incoming/a.json", 9).orElseThrow().identity()));
  }
}
