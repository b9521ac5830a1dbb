package io.budgetauthority.api.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.RunView;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;

/// The list of runs, from an index whose pages end early (protocol.md#lists).
class RunListTest {

  /// DynamoDB may end a page of a query before its limit.
  private static final class ShortPages implements ExecutionInterceptor {
    private static final int ITEMS = 2;

    @Override
    public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
      return context.request() instanceof QueryRequest query
              && query.limit() != null
              && query.limit() > ITEMS
          ? query.toBuilder().limit(ITEMS).build()
          : context.request();
    }
  }

  private final TestAuthority service = new TestAuthority(new ShortPages());
  private final RunList list = new RunList(service.runs);

  private Page<RunView> page(@Nullable String state, int most, @Nullable Run after) {
    return list.page(service.gateway, null, state, most, after, service.clock.instant());
  }

  private List<String> walk(@Nullable String state, int most) {
    List<String> ids = new ArrayList<>();
    Run after = null;
    while (true) {
      Page<RunView> page = page(state, most, after);
      page.items().forEach(run -> ids.add(run.runId()));
      if (page.next() == null) {
        return ids;
      }
      after = service.run(page.next());
    }
  }

  @Test
  void whenAPageOfTheIndexEndsEarly_theListGoesOn() {
    List<String> newestFirst = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      var unused = service.ask("key-" + i, "run-" + i, 0, 1, MicroUsd.of(1_000));
      newestFirst.addFirst("run-" + i);
      service.clock.advance(Duration.ofSeconds(1));
    }

    assertThat(page(null, 50, null).items()).hasSize(7);
    assertThat(page(null, 50, null).next()).isNull();
    for (int most : new int[] {1, 2, 3, 5, 7}) {
      assertThat(walk(null, most)).as("pages of %d", most).isEqualTo(newestFirst);
      assertThat(walk("active", most)).as("pages of %d", most).isEqualTo(newestFirst);
      assertThat(walk("closed", most)).as("pages of %d", most).isEmpty();
    }
  }
}
