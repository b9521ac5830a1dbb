package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
        assertThat(AccountKey.parse(key.partitionKey(), key.sortKey())).isEqualTo(key);
        assertThat(seen.add(key.partitionKey() + "\n" + key.sortKey())).as(key::toString).isTrue();
      }
    }
  }

  @Test
  void whenAnAccountIsStored_itsKeysAreThoseOfTheDesign() {
    AccountKey day = new AccountKey("t", Scope.USER, "ada", Window.DAY, "2026-11-24", 0);
    assertThat(day.partitionKey()).isEqualTo("t#user#ada");
    assertThat(day.sortKey()).isEqualTo("acct#day#2026-11-24");
    assertThat(AccountKey.total("t", Scope.USER, "ada").sortKey()).isEqualTo("acct#total");
    assertThat(day.ofShard(2).partitionKey()).isEqualTo("t#user#ada#2");
    assertThat(day.ofShard(2).sortKey()).isEqualTo("acct#day#2026-11-24");
    assertThat(day.ofShard(2).head()).isEqualTo(day);
  }

  @Test
  void whenAHoldIsNegative_itIsRefused() {
    AccountShare share = TestReservation.holding(MicroUsd.of(1)).accounts().getFirst();

    assertThat(share.holding(MicroUsd.ZERO).hold()).isEqualTo(MicroUsd.ZERO);
    assertThrows(IllegalArgumentException.class, () -> share.holding(MicroUsd.of(-1)));
  }

  @Test
  void whenAReservationIsNamed_itsIdIs160BitsOfItsHash() {
    // SHA-256 over each part behind its length in two bytes, in Crockford's base32.
    assertThat(ReservationId.of("tenant", "principal", Kind.DECISION, "key").hash())
        .isEqualTo("GHQ1JHV1DQ0CFEHNFHJ4WSKTGN5TWX0A");
    String long300 = "k".repeat(300);
    assertThat(ReservationId.of("tenant", "principal", Kind.USAGE, long300).hash())
        .isEqualTo("8FW7WVSBHD2R85NB7WQXT6WYG0X4Z8WX");
  }

  @Test
  void whenCallsDiffer_theirReservationIdsDiffer() {
    Set<ReservationId> seen = new HashSet<>();
    for (String tenant : List.of("t", "tp", "")) {
      for (String principal : List.of("p", "pk", "")) {
        for (Kind kind : Kind.values()) {
          for (String key : List.of("k", "pk", "kk")) {
            assertThat(seen.add(ReservationId.of(tenant, principal, kind, key))).isTrue();
          }
        }
      }
    }
    assertThat(ReservationId.of("t", "p", Kind.DECISION, "k"))
        .isEqualTo(ReservationId.of("t", "p", Kind.DECISION, "k"));
  }

  @Test
  void whenAnIdIsWritten_itIsReadBackFromEitherForm() {
    ReservationId id = ReservationId.of("t", "p", Kind.DECISION, "k");

    assertThat(ReservationId.ofDecisionId(id.decisionId())).isEqualTo(Optional.of(id));
    assertThat(ReservationId.ofReservationId(id.reservationId())).isEqualTo(Optional.of(id));
    assertThat(id.decisionId()).startsWith("bdgdec_");
    assertThat(id.reservationId()).startsWith("rsv_");
    assertThat(ReservationId.ofDecisionId(id.reservationId())).isNotEqualTo(Optional.of(id));
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
    assertThat(ReservationId.ofReservationId(text)).isEmpty();
  }

  @Test
  void whenIdsDifferInTheirFirstCharacter_everyBucketIsUsed() {
    Set<Integer> buckets = new HashSet<>();
    for (char first : "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray()) {
      buckets.add(new ReservationId(first + "0".repeat(31)).dueBucket());
    }
    assertThat(buckets).isEqualTo(Set.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  }
}
