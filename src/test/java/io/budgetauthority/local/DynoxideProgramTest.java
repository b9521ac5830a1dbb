package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DynoxideProgramTest {

  /// Builds nothing, but notes that it was asked, and puts a program where cargo would.
  private static final String CARGO =
      """
      #!/bin/sh
      echo built >> "$0.calls"
      while [ "$1" != --root ]; do shift; done
      /bin/mkdir -p "$2/bin"
      /bin/sleep 0.2
      printf '#!/bin/sh\\n' > "$2/bin/dynoxide"
      /bin/chmod +x "$2/bin/dynoxide"
      """;

  @TempDir Path machine;
  private Path bin;
  private Path cached;

  @BeforeEach
  void aMachineWithNothingOnIt() throws IOException {
    bin = Files.createDirectories(machine.resolve("bin"));
    cached = machine.resolve("cache/budget-authority/dynoxide-3.2.0/bin/dynoxide");
  }

  @Test
  void theProgramOnThePathComesFirst() throws Exception {
    Path onPath = program("dynoxide", "#!/bin/sh\n");
    Files.createDirectories(cached.getParent());
    Files.copy(onPath, cached);

    assertEquals(new DynoxideProgram.Executable(onPath), find());
  }

  @Test
  void theProgramInTheCacheIsUsedWithoutCargo() throws Exception {
    Files.createDirectories(cached.getParent());
    Files.move(program("dynoxide", "#!/bin/sh\n"), cached);
    program("cargo", "#!/bin/sh\nexit 1\n");

    assertEquals(new DynoxideProgram.Executable(cached), find());
  }

  @Test
  void twoThatWantItAtOnceBuildItOnce() throws Exception {
    Path cargo = program("cargo", CARGO);

    List<Future<DynoxideProgram>> found = new ArrayList<>();
    try (ExecutorService both = Executors.newVirtualThreadPerTaskExecutor()) {
      found.add(both.submit(this::find));
      found.add(both.submit(this::find));
    }

    for (Future<DynoxideProgram> program : found) {
      assertEquals(new DynoxideProgram.Executable(cached), program.get());
    }
    assertEquals(List.of("built"), Files.readAllLines(Path.of(cargo + ".calls")));
  }

  @Test
  void whereItCannotBeBuiltTheImageIsUsed() throws Exception {
    program("cargo", "#!/bin/sh\nexit 1\n");
    Path docker = program("docker", "#!/bin/sh\nexit 0\n");

    assertEquals(new DynoxideProgram.Image(docker), find());
  }

  @Test
  void whereThereIsNoneOneLineNamesTheWays() throws Exception {
    program("cargo", "#!/bin/sh\necho error: no such registry\nexit 1\n");
    program("docker", "#!/bin/sh\nexit 1\n");

    LocalCloudUnavailable none = assertThrows(LocalCloudUnavailable.class, this::find);

    assertEquals(1, none.getMessage().lines().count());
    List.of("BUDGET_LOCAL_DYNAMODB", "PATH", "cargo", "Docker", "no such registry")
        .forEach(way -> assertTrue(none.getMessage().contains(way), none.getMessage()));
  }

  private DynoxideProgram find() throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of("PATH", bin.toString(), "XDG_CACHE_HOME", machine.resolve("cache").toString());
    return DynoxideProgram.find(name -> Optional.ofNullable(environment.get(name)));
  }

  private Path program(String name, String script) throws IOException {
    Path file = Files.writeString(bin.resolve(name), script);
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }
}
