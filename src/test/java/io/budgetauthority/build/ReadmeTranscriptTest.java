package io.budgetauthority.build;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// Pastes the transcripts of the README and of a page into a shell, as a reader would.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ReadmeTranscriptTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  @Test
  void whenTheReadmesTranscriptIsRun_itAnswersAsShown() throws IOException, InterruptedException {
    Transcript.run(Path.of("README.md"), base);
  }

  @Test
  void whenThePageOfBudgetsIsRun_itAnswersAsShown() throws IOException, InterruptedException {
    Transcript.run(Path.of("docs/how-to/budgets.md"), base);
  }
}
