package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.account.Posting;
import io.budgetauthority.local.InjectedConflict;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// What the ledger makes of a DynamoDB that conflicts, throttles, fails or is silent
/// (ledger.md#reserve). Faults are put in where the SDK sends.
class LedgerCallsTest {

  /// Throws what is asked for on the next calls, then lets everything through.
  private static final class NextCalls implements ExecutionInterceptor {
    private final AtomicInteger left = new AtomicInteger();
    private volatile Function<SdkRequest, @Nullable RuntimeException> fault = request -> null;

    void fail(int times, Function<SdkRequest, @Nullable RuntimeException> with) {
      fault = with;
      left.set(times);
    }

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      RuntimeException thrown = fault.apply(context.request());
      if (thrown != null && left.getAndDecrement() > 0) {
        throw thrown;
      }
    }
  }

  private static final int FOR_EVER = Integer.MAX_VALUE;

  private final NextCalls next = new NextCalls();
  private final TestAuthority service = new TestAuthority(next);

  /// A transaction that is cancelled, its first write for no reason of its own and the second for
  /// this one.
  private static Function<SdkRequest, @Nullable RuntimeException> cancelled(String second) {
    return request ->
        request instanceof TransactWriteItemsRequest transaction
            ? TransactionCanceledException.builder()
                .message("injected")
                .statusCode(400)
                .awsErrorDetails(
                    AwsErrorDetails.builder().errorCode("TransactionCanceledException").build())
                .cancellationReasons(
                    transaction.transactItems().stream()
                        .map(
                            write ->
                                CancellationReason.builder()
                                    .code(
                                        write.equals(transaction.transactItems().get(1))
                                            ? second
                                            : "None")
                                    .build())
                        .toList())
                .build()
            : null;
  }

  private static Function<SdkRequest, @Nullable RuntimeException> error(int status, String code) {
    return request ->
        DynamoDbException.builder()
            .message("injected")
            .statusCode(status)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).build())
            .build();
  }

  private static Function<SdkRequest, @Nullable RuntimeException> silence() {
    return request -> SdkClientException.create("injected: no answer");
  }

  private Answer ask() {
    return service.ask("key", "run", 0, 100, null);
  }

  private void assertHeldOnce() {
    assertThat(ask()).isInstanceOf(Answer.Decided.class);
    assertThat(service.run("run").account().reserved()).isEqualTo(MicroUsd.of(500));
  }

  private <T extends Throwable> void assertGivesUp(Class<T> with, Supplier<?> call) {
    assertThrows(with, call::get);
    next.fail(0, request -> null);
  }

  @Test
  void whenConflictsDoNotEnd_theRetriesEndInContention() {
    next.fail(3, cancelled("TransactionConflict"));
    assertHeldOnce();
    assertThat(service.database.isReachable()).isTrue();

    next.fail(FOR_EVER, cancelled("TransactionConflict"));
    assertGivesUp(StorageContended.class, () -> service.ask("other", "run", 0, 1, null));
    assertThat(service.database.isReachable()).as("it answered").isTrue();
  }

  /// DynamoDB refuses a write of one item while a transaction writes that item.
  @Test
  void whenWritesOfOneItemConflict_theyAreRetried() {
    ask();
    Deadline deadline = Deadline.in(Duration.ofMillis(500));
    Key key = ReservationItem.key(service.idOf("key"));
    Attributes stored = service.database.get(service.decisionsTable, key, deadline).orElseThrow();
    Write put = new Write.Put(service.decisionsTable, stored);

    next.fail(3, InjectedConflict::of);
    assertThat(service.database.write(put, deadline).isDone()).isTrue();
    assertThat(service.database.isReachable()).isTrue();

    next.fail(FOR_EVER, InjectedConflict::of);
    assertGivesUp(StorageContended.class, () -> service.database.write(put, deadline));
    assertThat(service.database.isReachable()).as("it answered").isTrue();
  }

  @Test
  void whenThrottlingDoesNotEnd_theRetriesEndInContention() {
    for (String code : List.of("ThrottlingError", "ProvisionedThroughputExceeded")) {
      next.fail(2, cancelled(code));
      assertHeldOnce();
    }

    next.fail(FOR_EVER, cancelled("ThrottlingError"));
    assertGivesUp(StorageContended.class, () -> service.ask("other", "run", 0, 1, null));
    assertThat(service.database.isReachable()).as("it answered").isTrue();
    assertHeldOnce();
  }

  /// DynamoDB answers a repetition by its token; after a cancellation it is to write.
  @Test
  void whenATransactionIsRepeated_itHasTheTokenOfTheFirst() {
    List<String> tokens = new ArrayList<>();
    next.fail(
        3,
        request -> {
          if (request instanceof TransactWriteItemsRequest transaction) {
            tokens.add(transaction.clientRequestToken());
            return tokens.size() == 3
                ? cancelled("TransactionConflict").apply(request)
                : SdkClientException.create("injected: no answer");
          }
          return null;
        });

    assertHeldOnce();

    assertThat(Set.copyOf(tokens.subList(0, 3))).as(tokens.toString()).hasSize(1);
    assertThat(Set.copyOf(tokens)).as(tokens.toString()).hasSize(2);
  }

  @Test
  void whenTheFaultIsOurs_theCallIsNotRetried() {
    next.fail(1, cancelled("ValidationError"));
    assertGivesUp(TransactionCanceledException.class, this::ask);
    next.fail(1, error(400, "ValidationException"));
    DynamoDbException ours = assertThrows(DynamoDbException.class, this::ask);
    assertThat(ours.statusCode()).isEqualTo(400);
    assertHeldOnce();
  }

  @Test
  void whenTheServerFailsOrIsSilent_itIsRetriedToTheDeadline() {
    next.fail(2, error(500, "InternalServerError"));
    assertHeldOnce();
    next.fail(2, error(400, "ThrottlingException"));
    assertHeldOnce();
    next.fail(2, silence());
    assertHeldOnce();

    next.fail(FOR_EVER, error(500, "InternalServerError"));
    assertGivesUp(StorageUnavailable.class, this::ask);
    assertThat(service.database.isReachable()).isFalse();
    assertHeldOnce();
    next.fail(FOR_EVER, silence());
    assertGivesUp(StorageUnavailable.class, this::ask);
    assertThat(service.database.isReachable()).isFalse();
  }

  @Test
  void whenKeysExceedABatch_theyAreReadInSeveral() {
    List<Integer> batches = new ArrayList<>();
    next.fail(
        0,
        request -> {
          if (request instanceof BatchGetItemRequest batch) {
            batches.add(
                batch.requestItems().values().stream().mapToInt(it -> it.keys().size()).sum());
          }
          return null;
        });
    List<ReservationId> ids = new ArrayList<>();
    for (int i = 0; i < 130; i++) {
      ids.add(service.idOf("key-" + i));
    }
    for (int i : new int[] {0, 99, 100, 129}) {
      service.ask("key-" + i, "run", 0, 1, null);
    }
    batches.clear();

    Map<ReservationId, Reservation> found =
        service.ledger.findAll(service.tenantId, ids, Deadline.in(Duration.ofSeconds(5)));

    assertThat(found).hasSize(4);
    assertThat(found).containsKey(service.idOf("key-129"));
    assertThat(batches).isEqualTo(List.of(100, 30));
    assertThat(
            service.ledger.findAll(
                "other-" + service.tenantId, ids, Deadline.in(Duration.ofSeconds(5))))
        .as("nothing of a tenant is another's")
        .isEmpty();
  }

  @Test
  void whenAnotherTenantReads_theReservationIsNotFound() {
    ask();
    Deadline deadline = Deadline.in(Duration.ofSeconds(5));

    assertThat(service.ledger.find(service.tenantId, service.idOf("key"), deadline)).isPresent();
    assertThat(service.ledger.find("other-" + service.tenantId, service.idOf("key"), deadline))
        .isEmpty();
    assertThat(service.ledger.find(service.tenantId, service.idOf("none"), deadline)).isEmpty();
  }

  @Test
  void whenAPostingsAccountIsMissing_settlingIsAFault() {
    ask();
    Reservation held =
        service
            .ledger
            .find(service.tenantId, service.idOf("key"), Deadline.in(Duration.ofSeconds(5)))
            .orElseThrow();
    AccountKey nowhere = AccountKey.total(service.tenantId, Scope.USER, "nobody");
    Reservation.Step.Move move =
        (Reservation.Step.Move) held.release("not called", service.clock.instant());
    Reservation.Step.Move astray =
        new Reservation.Step.Move(
            held,
            move.next(),
            List.of(new Posting(nowhere, MicroUsd.of(-500), MicroUsd.ZERO)),
            List.of());

    assertThrows(
        IllegalStateException.class,
        () -> service.ledger.settle(astray, Deadline.in(Duration.ofSeconds(5))));
    assertThat(
            service.ledger.settle(
                new Reservation.Step.Move(
                    held,
                    move.next(),
                    List.of(new Posting(nowhere, MicroUsd.of(5), MicroUsd.ZERO, MicroUsd.of(5))),
                    List.of()),
                Deadline.in(Duration.ofSeconds(5))))
        .isEqualTo(SettleOutcome.INSUFFICIENT);
    assertThat(service.ledger.settle(move, Deadline.in(Duration.ofSeconds(5))))
        .isEqualTo(SettleOutcome.SETTLED);
    assertThat(service.ledger.settle(astray, Deadline.in(Duration.ofSeconds(5))))
        .isEqualTo(SettleOutcome.CONFLICT);
  }

  /// A newer process may have stored more of a reservation than this one knows.
  @Test
  void whenAStepIsWritten_whatItDoesNotChangeStays() {
    ask();
    Deadline deadline = Deadline.in(Duration.ofSeconds(5));
    ReservationId id = service.idOf("key");
    Key key = ReservationItem.key(id);
    Attributes stored = service.database.get(service.decisionsTable, key, deadline).orElseThrow();
    byte[] decision = stored.bytesOrNull("d");
    var unused =
        service.database.write(
            new Write.Put(service.decisionsTable, stored.toBuilder().put("newer", "kept").build()),
            deadline);
    Reservation held = service.ledger.find(service.tenantId, id, deadline).orElseThrow();
    Reservation.Step.Move move =
        (Reservation.Step.Move) held.release("not called", service.clock.instant());

    assertThat(service.ledger.settle(move, deadline)).isEqualTo(SettleOutcome.SETTLED);

    Attributes after = service.database.get(service.decisionsTable, key, deadline).orElseThrow();
    assertThat(after.text("newer")).isEqualTo("kept");
    assertThat(after.bytesOrNull("d")).isEqualTo(decision);
    assertThat(service.ledger.find(service.tenantId, id, deadline))
        .isEqualTo(Optional.of(move.next()));
    assertThat(after.has("due_at")).as("it is no longer due").isFalse();
    assertThat(after.has("ttl")).isTrue();
  }
}
