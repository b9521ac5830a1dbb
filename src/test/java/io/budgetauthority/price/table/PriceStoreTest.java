package io.budgetauthority.price.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
    assertThat(versionInForce()).isEqualTo("none");
    store.publish(table("v1", 1));
    store.publish(table("v1", 1));

    assertThat(versionInForce()).isEqualTo("v1");
    assertThrows(IllegalStateException.class, () -> store.publish(table("v1", 2)));
    assertThat(
            store
                .read("v1")
                .orElseThrow()
                .rows()
                .getFirst()
                .cards()
                .getFirst()
                .tokenPicos()
                .get(TokenClass.INPUT))
        .isEqualTo(1L);
    store.publish(table("v2", 2));
    assertThat(versionInForce()).isEqualTo("v2");
    assertThat(store.read("v3")).isEmpty();
  }

  @Test
  void whenATableIsInForce_publishingItAgainChangesNothing() {
    store.publish(table("v1", 1));
    PriceStore.Current before = store.current().orElseThrow();
    assertThat(store.replaceCurrent(before, "v1", NOW, "ops")).isTrue();

    store.publish(table("v1", 1));
    assertThat(store.current().orElseThrow().by())
        .as("who did it stays on record")
        .isEqualTo("ops");
  }

  @Test
  void whenAVersionIsWrittenAgain_itsContentMustBeTheSame() {
    assertThat(store.writeOnce(table("v1", 1))).isTrue();
    assertThat(store.writeOnce(table("v1", 1))).isTrue();
    assertThat(store.writeOnce(table("v1", 2))).isFalse();
  }

  @Test
  void whenTheTableInForceHasChanged_itIsNotReplaced() {
    assertThat(store.replaceCurrent(null, "v1", NOW, "ops")).isTrue();
    PriceStore.Current first = store.current().orElseThrow();
    assertThat(first.version()).isEqualTo("v1");
    assertThat(first.since()).isEqualTo(NOW);
    assertThat(first.by()).isEqualTo("ops");

    assertThat(store.replaceCurrent(null, "v2", NOW, "ops")).isFalse();
    assertThat(store.replaceCurrent(first, "v2", NOW, "ops")).isTrue();
    assertThat(store.replaceCurrent(first, "v3", NOW, "ops")).isFalse();
    assertThat(versionInForce()).isEqualTo("v2");
  }

  @Test
  void whenATableIsPutInForceByHand_nobodyIsNamed() {
    put("prices/current", " v1\n");

    PriceStore.Current current = store.current().orElseThrow();
    assertThat(current.version()).isEqualTo("v1");
    assertThat(current.by()).isNull();
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

    assertThat(new ArrayList<>(store.versions())).isEqualTo(List.of("v1", "v2"));
    assertThat(store.readRecord("v2")).isEqualTo(Optional.of(drafted));
    assertThat(store.readReview("v2")).isEqualTo(Optional.of(review));
    assertThat(store.readDraft("v2").orElseThrow().version()).isEqualTo("v2");
    assertThat(store.readDraft("v1")).isEmpty();
    assertThat(store.readRecord("v1").orElseThrow().published()).isTrue();
    assertThat(store.readRecord("v3")).isEmpty();
  }

  @Test
  void whenADraftIsWrittenAgain_itsPublicationIsKept() {
    PriceTable draft = table("v1", 1);
    PriceReview review = PriceDiff.review(null, draft, new ImportNotes());
    PriceTableRecord drafted = PriceTableRecord.ofDraft(draft, review, NOW, "ops");
    store.writeDraft(draft, review, drafted);
    assertThat(store.replaceCurrent(null, "v1", NOW, "ops")).isTrue();
    PriceTableRecord published = drafted.publishedAs(store.current().orElseThrow());
    store.writeRecord(published);

    store.writeDraft(draft, review, drafted);
    assertThat(store.readRecord("v1")).isEqualTo(Optional.of(published));
  }

  @Test
  void whenADroppedFileIsTooLarge_onlyOneByteMoreIsRead() {
    put("incoming/a.json", "12345");

    assertThat(dropped(5)).isEqualTo("12345".getBytes(StandardCharsets.UTF_8));
    assertThat(dropped(4)).isEqualTo("12345".getBytes(StandardCharsets.UTF_8));
    assertThat(dropped(3)).isEqualTo("1234".getBytes(StandardCharsets.UTF_8));
    assertThat(store.readDropped("incoming/none.json", 5)).isEmpty();
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

    assertThat(before).as("a folder is no object").hasSize(1);
    assertThat(before.getFirst()).startsWith("incoming/a.json\n");
    assertThat(before.equals(store.keysAndTags("incoming/"))).isFalse();
    assertThat(identity.equals(store.readDropped("incoming/a.json", 9).orElseThrow().identity()))
        .isFalse();
  }
}
