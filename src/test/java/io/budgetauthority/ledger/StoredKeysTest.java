package io.budgetauthority.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestReservation;
import io.budgetauthority.ledger.ReservationId.Kind;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The names that things are kept under (ledger.md#items).
class StoredKeysTest {

  private static final List<String> AWKWARD =
      List.of("ada", "a#b", "a%23b", "100%", "a b", "#", "%25#");

  private static List<AccountKey> keysOf(String id) {
    return List.of(
        AccountKey.total("t", Scope.RUN, id),
        AccountKey.total(id, Scope.TENANT, "-"),
        new AccountKey("t", Scope.USER, id, Window.TOTAL, "", 3),
        new AccountKey("t", Scope.KEY, id, Window.DAY, "2026-11-24", 0),
        new AccountKey("t", Scope.KEY, id, Window.DAY, "2026-11-24", 12),
        new AccountKey("t", Scope.TEAM, id, Window.MONTH, "2026-11", 0));
  }

  @Test
  void whenAnIdHasAwkwardCharacters_itsKeysAreReadBack() {
    Set<String> seen = new HashSet<>();
    for (String id : AWKWARD) {
      for (AccountKey key : keysOf(id)) {
        assertEquals(key, AccountKey.parse(key.partitionKey(), key.sortKey()));
        assertTrue(seen.add(key.partitionKey() + "\n" + key.sortKey()), key::toString);
      }
    }
  }

  @Test
  void whenAnAccountIsStored_itsKeysAreThoseOfTheDesign() {
    AccountKey day = new AccountKey("t", Scope.USER, "ada", Window.DAY, "2026-11-24", 0);
    assertEquals("t#user#ada", day.partitionKey());
    assertEquals("acct#day#2026-11-24", day.sortKey());
    assertEquals("acct#total", AccountKey.total("t", Scope.USER, "ada").sortKey());
    assertEquals(
        "acct#total#2", new AccountKey("t", Scope.USER, "ada", Window.TOTAL, "", 2).sortKey());
  }

  @Test
  void whenAHoldIsNegative_itIsRefused() {
    AccountShare share = TestReservation.holding(MicroUsd.of(1)).accounts().getFirst();

    assertEquals(MicroUsd.ZERO, share.holding(MicroUsd.ZERO).hold());
    assertThrows(IllegalArgumentException.class, () -> share.holding(MicroUsd.of(-1)));
  }

  @Test
  void whenAReservationIsNamed_itsIdIs160BitsOfItsHash() {
    // SHA-256 over each part behind its length in two bytes, in Crockford's base32.
    assertEquals(
        "GHQ1JHV1DQ0CFEHNFHJ4WSKTGN5TWX0A",
        ReservationId.of("tenant", "principal", Kind.DECISION, "key").hash());
    String long300 = "k".repeat(300);
    assertEquals(
        "8FW7WVSBHD2R85NB7WQXT6WYG0X4Z8WX",
        ReservationId.of("tenant", "principal", Kind.USAGE, long300).hash());
  }

  @Test
  void whenCallsDiffer_theirReservationIdsDiffer() {
    Set<ReservationId> seen = new HashSet<>();
    for (String tenant : List.of("t", "tp", "")) {
      for (String principal : List.of("p", "pk", "")) {
        for (Kind kind : Kind.values()) {
          for (String key : List.of("k", "pk", "kk")) {
            assertTrue(seen.add(ReservationId.of(tenant, principal, kind, key)));
          }
        }
      }
    }
    assertEquals(
        ReservationId.of("t", "p", Kind.DECISION, "k"),
        ReservationId.of("t", "p", Kind.DECISION, "k"));
  }

  @Test
  void whenAnIdIsWritten_itIsReadBackFromEitherForm() {
    ReservationId id = ReservationId.of("t", "p", Kind.DECISION, "k");

    assertEquals(Optional.of(id), ReservationId.ofDecisionId(id.decisionId()));
    assertEquals(Optional.of(id), ReservationId.ofReservationId(id.reservationId()));
    assertTrue(id.decisionId().startsWith("bdgdec_"));
    assertTrue(id.reservationId().startsWith("rsv_"));
    assertNotEquals(Optional.of(id), ReservationId.ofDecisionId(id.reservationId()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rsv_",
        "rsv_0123456789ABCDEFGHJKMNPQRSTVWXY",
        "rsv_0123456789ABCDEFGHJKMNPQRSTVWXYZ0",
        "rsv_0123456789ABCDEFGHIKMNPQRSTVWXYZ",
        "rsv_0123456789abcdefghjkmnpqrstvwxyz",
        "xsv_0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        "bdgdec_0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
      })
  void whenTheTextIsNoReservationId_itNamesNone(String text) {
    assertEquals(Optional.empty(), ReservationId.ofReservationId(text));
  }

  @Test
  void whenIdsDifferInTheirFirstCharacter_everyBucketIsUsed() {
    Set<Integer> buckets = new HashSet<>();
    for (char first : "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray()) {
      buckets.add(new ReservationId(first + "0".repeat(31)).dueBucket());
    }
    assertEquals(Set.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), buckets);
  }
}
