package io.budgetauthority.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.TestClock;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

class OperatorKeysTest {

  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));

  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:00Z"));
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final TestConfiguration configuration =
      TestConfiguration.shared(
          clock,
          new ExecutionInterceptor() {
            @Override
            public void beforeExecution(
                Context.BeforeExecution context, ExecutionAttributes attributes) {
              calls.add(context.request().getClass().getSimpleName());
            }
          });

  private final OperatorKeys function =
      new OperatorKeys(configuration.writer, configuration.keys, clock);

  /// As another process sees it, which has cached nothing.
  private Optional<Role> roleOf(@Nullable String secret) {
    return TestConfiguration.shared(clock)
        .keys
        .authenticate(String.valueOf(secret))
        .map(Caller::role);
  }

  private OperatorKeys.Done order(
      @Nullable String action, @Nullable String principal, long overlap) {
    return function.handleRequest(new OperatorKeys.Order(action, principal, overlap), A_MINUTE);
  }

  @Test
  void whenAKeyIsIssued_itsSecretIsAnOperators() {
    OperatorKeys.Done issued =
        function.handleRequest(
            Example.named("operator-issue").as(OperatorKeys.Order.class), A_MINUTE);
    assertThat(roleOf(issued.secret())).isEqualTo(Optional.of(Role.OPERATOR));
  }

  @Test
  void whenAKeyIsRotated_theOldSecretWorksForTheOverlap() {
    OperatorKeys.Done issued = order("issue", null, 0);
    OperatorKeys.Done rotated = order("rotate", issued.principalId(), 3600);

    assertThat(rotated.secret()).isNotEqualTo(issued.secret());
    assertThat(roleOf(issued.secret())).isPresent();
    clock.advance(Duration.ofSeconds(3601));
    assertThat(roleOf(issued.secret())).isEmpty();
    assertThat(roleOf(rotated.secret())).isPresent();
  }

  /// The role of the function allows no query, and nothing of the bucket (sam-template.yaml).
  @Test
  void whenKeysChange_theFunctionCallsOnlyWhatItsRoleAllows() {
    OperatorKeys.Done issued = order("issue", null, 0);
    order("rotate", issued.principalId(), 3600);
    order("revoke", issued.principalId(), 0);

    assertThat(Set.copyOf(calls)).isEqualTo(Set.of("GetItemRequest", "TransactWriteItemsRequest"));
  }

  @Test
  void whenAnOperatorIsRevoked_itsSecretIsRefused() {
    OperatorKeys.Done issued = order("issue", null, 0);
    assertThat(order("revoke", issued.principalId(), 0).secret()).isNull();
    assertThat(roleOf(issued.secret())).isEmpty();
  }

  @Test
  void whenAnOrderIsInvalid_theErrorSaysWhy() {
    assertThat(refusal("dance", null, 0)).contains("action");
    assertThat(refusal(null, null, 0)).contains("action");
    assertThat(refusal("rotate", null, 0)).contains("principal_id is required");
    assertThat(refusal("rotate", "nobody", 0)).contains("no operator nobody");
    assertThat(refusal("revoke", "nobody", 0)).contains("no operator nobody");
    assertThat(refusal("rotate", "nobody", -1)).contains("overlap_seconds");
    assertThat(refusal("rotate", "nobody", 31L * 86_400)).contains("overlap_seconds");
  }

  private String refusal(@Nullable String action, @Nullable String principal, long overlap) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> order(action, principal, overlap))
            .getMessage());
  }
}
