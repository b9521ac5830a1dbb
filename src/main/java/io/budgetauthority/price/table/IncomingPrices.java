package io.budgetauthority.price.table;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.review.PriceReview;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Imports a source that was dropped in the bucket under `incoming/`. The source becomes a draft.
/// The draft is published at once where its review is clean; else it waits until somebody accepts
/// it. Each object is imported once, however often it is reported: the outcome is stored by the
/// object's key, content and time. So an older object that is reported late never replaces a newer
/// table.
public final class IncomingPrices {

  /// Where sources are dropped.
  public static final String FOLDER = "incoming/";

  private static final String BY = "incoming";

  /// Another table may be published between the review and the publication.
  private static final int MAX_ROUNDS = 5;

  private final PriceStore store;
  private final PriceTables tables;

  public IncomingPrices(PriceStore store, PriceTables tables) {
    this.store = store;
    this.tables = tables;
  }

  /// What is stored about an object that was imported.
  ///
  /// @param version the last draft that it became; null where it was refused
  /// @param review why it was refused; null where it was not
  record Import(
      @JsonProperty("key") String key,
      @JsonProperty("version") @Nullable String version,
      @JsonProperty("review") @Nullable PriceReview review) {}

  /// What became of an object.
  public sealed interface Taken {
    /// Its table is published, now or earlier.
    record Published(PriceTableRecord table) implements Taken {}

    /// Its table waits as a draft for its review to be accepted.
    record Waiting(PriceTableRecord table) implements Taken {}

    /// It makes no table; the review says why.
    record Refused(PriceReview review) implements Taken {}

    /// No object exists at this key.
    record Gone() implements Taken {}
  }

  /// Imports the object at a key.
  public Taken take(String key) {
    PriceStore.Dropped dropped = store.readDropped(key, PriceTables.MAX_SOURCE_BYTES).orElse(null);
    if (dropped == null) {
      return new Taken.Gone();
    }
    String name = PriceTables.sha256(dropped.identity().getBytes(StandardCharsets.UTF_8));
    Import before = store.readImport(name).orElse(null);
    if (before != null && before.review() != null) {
      return new Taken.Refused(before.review());
    }
    PriceTableRecord earlier =
        before == null || before.version() == null
            ? null
            : tables.find(before.version()).map(PriceTables.Papers::table).orElse(null);
    if (earlier != null && earlier.published()) {
      return new Taken.Published(earlier);
    }
    Taken taken = earlier == null ? null : published(earlier);
    for (int round = 0; taken == null && round < MAX_ROUNDS; round++) {
      taken = takeOnce(dropped, name);
    }
    if (taken != null) {
      return taken;
    }
    throw new IllegalStateException("the table in force kept changing while taking " + key);
  }

  private @Nullable Taken takeOnce(PriceStore.Dropped dropped, String name) {
    return switch (drafted(dropped)) {
      case PriceTables.Drafted.Invalid invalid -> {
        store.writeImport(name, new Import(dropped.key(), null, invalid.review()));
        yield new Taken.Refused(invalid.review());
      }
      case PriceTables.Drafted.Draft draft -> {
        // Stored before the publication, so that a repetition finds what was published.
        store.writeImport(name, new Import(dropped.key(), draft.table().version(), null));
        yield published(draft.table());
      }
    };
  }

  private PriceTables.Drafted drafted(PriceStore.Dropped dropped) {
    if (dropped.bytes().length > PriceTables.MAX_SOURCE_BYTES) {
      return new PriceTables.Drafted.Invalid(
          PriceReview.ofRefused(
              "none",
              tables.versionInForce().orElse(null),
              List.of(
                  new PriceReview.Problem(
                      "", "", "has more than " + PriceTables.MAX_SOURCE_BYTES + " bytes"))));
    }
    return tables.draft(dropped.bytes(), dropped.key(), BY);
  }

  private @Nullable Taken published(PriceTableRecord draft) {
    return switch (tables.publish(draft.version(), false, List.of(), BY)) {
      case PriceTables.Published.Done done -> new Taken.Published(done.table());
      case PriceTables.Published.Unaccepted unaccepted -> new Taken.Waiting(draft);
      case PriceTables.Published.Moved moved -> null;
      // Another caller publishes it at this moment and approves rows of zeros with it.
      case PriceTables.Published.OtherApprovals other -> new Taken.Waiting(draft);
      case PriceTables.Published.Unknown unknown ->
          throw new IllegalStateException("draft " + draft.version() + " is gone");
      case PriceTables.Published.NotZero notZero ->
          throw new IllegalStateException("nothing was approved of " + draft.version());
    };
  }

  /// The objects that exist now, by key, each with what distinguishes it from another at its key.
  public List<Found> found() {
    return store.keysAndTags(FOLDER).stream()
        .map(it -> new Found(it.substring(0, it.indexOf('\n')), it))
        .toList();
  }

  /// An object under `incoming/`.
  public record Found(String key, String identity) {}
}
