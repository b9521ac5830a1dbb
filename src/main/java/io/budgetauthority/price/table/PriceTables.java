package io.budgetauthority.price.table;

import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.litellm.LiteLlmImport;
import io.budgetauthority.price.litellm.LiteLlmImport.Edition;
import io.budgetauthority.price.review.PriceReview;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Imports and publishes price tables: apart from [PriceStore#publish], the only way in which one
/// comes to apply. A source is imported as a draft with its review against the table that applies.
/// A draft whose review is clean or accepted then replaces exactly that table (pricing.md#import).
/// Each step may be repeated. Safe for use by many threads and processes.
public final class PriceTables {

  /// The most bytes that a source may have (protocol.md#wire-format).
  public static final int MAX_SOURCE_BYTES = 4 * 1024 * 1024;

  private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final int HASH_CHARACTERS = 12;

  private final PriceStore store;
  private final PriceBook book;
  private final Clock clock;

  /// Makes publications in one process run one after the other. Between processes, the condition on
  /// the object that names the table that applies decides which one is first.
  private final ReentrantLock publishing = new ReentrantLock();

  public PriceTables(PriceStore store, PriceBook book, Clock clock) {
    this.store = store;
    this.book = book;
    this.clock = clock;
  }

  /// What became of a source.
  public sealed interface Drafted {
    record Draft(PriceTableRecord table, PriceReview review) implements Drafted {}

    /// The source cannot be imported; the review says why.
    record Invalid(PriceReview review) implements Drafted {}
  }

  /// What became of a publication.
  public sealed interface Published {
    /// It is published, now or by an earlier call.
    record Done(PriceTableRecord table) implements Published {}

    /// No such version exists.
    record Unknown() implements Published {}

    /// Its review is neither clean nor accepted.
    record Unaccepted(PriceReview review) implements Published {}

    /// An approval names something that is not a row of zeros of the table.
    ///
    /// @param index its position among the approvals
    record NotZero(int index) implements Published {}

    /// The table that applies is not the one that the draft was reviewed against.
    record Moved(String reviewedAgainst, String inForce) implements Published {}

    /// It was published with other approvals than these.
    record OtherApprovals() implements Published {}
  }

  /// Imports a source in LiteLLM's format as a draft. The same source on the same day against the
  /// same table gives the same draft.
  ///
  /// @param from the name to record for the source
  public Drafted draft(byte[] source, String from, String by) {
    Instant now = clock.instant();
    String previous = store.current().map(PriceStore.Current::version).orElse(null);
    LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
    String version = version(day, source, previous);
    Optional<PriceTableRecord> stored = store.readRecord(version);
    Optional<PriceReview> known = stored.flatMap(it -> store.readReview(version));
    if (known.isPresent()) {
      return new Drafted.Draft(stored.get(), known.get());
    }
    Edition edition =
        new Edition(
            version,
            day.atStartOfDay(ZoneOffset.UTC).toInstant(),
            from,
            previous == null ? null : inForce(previous));
    return switch (imported(source, edition)) {
      case LiteLlmImport.Refused refused ->
          new Drafted.Invalid(PriceReview.ofRefused(version, previous, refused.problems()));
      case LiteLlmImport.Imported imported -> {
        PriceTableRecord draft =
            PriceTableRecord.ofDraft(imported.table(), imported.review(), now, by);
        store.writeDraft(imported.table(), imported.review(), draft);
        yield new Drafted.Draft(draft, imported.review());
      }
    };
  }

  private PriceTable inForce(String version) {
    return book.table(version)
        .orElseThrow(
            () -> new IllegalStateException("price table " + version + " is in force but missing"));
  }

  private static LiteLlmImport.Outcome imported(byte[] source, Edition edition) {
    try {
      return LiteLlmImport.read(new ByteArrayInputStream(source), edition);
    } catch (IOException e) {
      throw new UncheckedIOException("bytes in memory cannot be read", e);
    }
  }

  /// The day, for people, and a hash of what the draft is made from.
  private static String version(LocalDate day, byte[] source, @Nullable String previous) {
    String hash =
        sha256(String.valueOf(previous).getBytes(StandardCharsets.UTF_8), new byte[1], source);
    return day + "-" + hash.substring(0, HASH_CHARACTERS);
  }

  static String sha256(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /// Publishes a draft, in this process at once. A published version stays published: a repetition
  /// changes nothing, also long after another table followed.
  ///
  /// @param approveZero rows in which every price is zero and that really are free
  public Published publish(
      String version, boolean acceptReview, List<RowName> approveZero, String by) {
    publishing.lock();
    try {
      Published outcome = publishAlone(version, acceptReview, approveZero, by);
      if (outcome instanceof Published.Done) {
        book.refresh();
      }
      return outcome;
    } finally {
      publishing.unlock();
    }
  }

  private Published publishAlone(
      String version, boolean acceptReview, List<RowName> approveZero, String by) {
    PriceTableRecord draft = isVersion(version) ? store.readRecord(version).orElse(null) : null;
    if (draft == null) {
      return new Published.Unknown();
    }
    PriceStore.Current current = store.current().map(this::recorded).orElse(null);
    boolean inForce = current != null && current.version().equals(version);
    if (draft.published() || inForce) {
      return again(version, approveZero);
    }
    String previous = current == null ? null : current.version();
    if (!Objects.equals(previous, draft.previousVersion())) {
      return new Published.Moved(orNone(draft.previousVersion()), orNone(previous));
    }
    PriceReview review = store.readReview(version).orElseThrow(() -> missing(version, "review"));
    if (!review.clean() && !acceptReview) {
      return new Published.Unaccepted(review);
    }
    PriceTable table = store.readDraft(version).orElseThrow(() -> missing(version, "draft"));
    for (int i = 0; i < approveZero.size(); i++) {
      if (!table.hasZeroRow(approveZero.get(i))) {
        return new Published.NotZero(i);
      }
    }
    if (!store.writeOnce(table.approving(approveZero))) {
      return new Published.OtherApprovals();
    }
    if (!store.replaceCurrent(current, version, clock.instant(), by)) {
      // Another publication was first, or this very write succeeded and its answer was lost.
      return moved(version, draft, approveZero);
    }
    return store
        .current()
        .filter(now -> now.version().equals(version))
        .map(this::recorded)
        .<Published>map(now -> new Published.Done(draft.publishedAs(now)))
        .orElseGet(() -> again(version, approveZero));
  }

  private Published moved(String version, PriceTableRecord draft, List<RowName> approveZero) {
    PriceStore.Current now = store.current().map(this::recorded).orElse(null);
    return now != null && now.version().equals(version)
        ? again(version, approveZero)
        : new Published.Moved(
            orNone(draft.previousVersion()), orNone(now == null ? null : now.version()));
  }

  private static String orNone(@Nullable String version) {
    return version == null ? "none" : version;
  }

  /// Makes sure that the record of the table that applies says so, also where the process that
  /// published the table ended before it wrote the record. Every publication does this before it
  /// replaces the table.
  private PriceStore.Current recorded(PriceStore.Current current) {
    store
        .readRecord(current.version())
        .filter(known -> !known.published())
        .ifPresent(known -> store.writeRecord(known.publishedAs(current)));
    return current;
  }

  private Published again(String version, List<RowName> approveZero) {
    PriceTable table = store.read(version).orElseThrow(() -> missing(version, "table"));
    if (!approveZero.stream().allMatch(table::hasApprovedRow)) {
      return new Published.OtherApprovals();
    }
    return new Published.Done(
        store.readRecord(version).orElseThrow(() -> missing(version, "record")));
  }

  private static IllegalStateException missing(String version, String what) {
    return new IllegalStateException("price table " + version + " has no " + what);
  }

  /// A version with its review.
  ///
  /// @param review null for a table that was published without one
  public record Papers(PriceTableRecord table, @Nullable PriceReview review) {}

  public Optional<Papers> find(String version) {
    return (isVersion(version) ? store.readRecord(version) : Optional.<PriceTableRecord>empty())
        .map(found -> new Papers(found, store.readReview(version).orElse(null)));
  }

  /// A page of the versions in descending order of their names, so that the newest day comes first.
  ///
  /// @param after the last version of the page before; null for the first page
  public List<PriceTableRecord> list(int limit, @Nullable String after) {
    List<PriceTableRecord> page = new ArrayList<>();
    var versions = store.versions().descendingSet();
    for (String version : after == null ? versions : versions.tailSet(after, false)) {
      if (page.size() == limit) {
        break;
      }
      store.readRecord(version).ifPresent(page::add);
    }
    return page;
  }

  /// The version that applies; empty before the first.
  public Optional<String> versionInForce() {
    return store.current().map(PriceStore.Current::version);
  }

  private static boolean isVersion(String text) {
    return VERSION.matcher(text).matches();
  }
}
