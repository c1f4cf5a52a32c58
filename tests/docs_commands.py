"""How the tests run each command of the documents: as it is, in a short form, or elsewhere."""

SMALL = "--trainer.max_epochs 2 --trainer.accelerator cpu --trainer.enable_progress_bar false"
FEW = "--seeds 1 --set trainer.max_epochs=2 model.stages=[1,1] trainer.accelerator=cpu"
ONLINE = "python benchmarks/mnist.py online --plot docs/images/mnist_online.png"
SWEEP = """for theta in 30 53 80; do
  neutnn fit -c ucr/ecg200 --model.theta $theta --run_dir runs/ecg200-$theta --wandb
done"""

SHORT = {
    "neutnn flow -c my.yaml --model.theta 30 --run_dir runs/higher --to verify": "neutnn flow "
    "-c my.yaml --model.theta 30 --run_dir runs/higher --to freeze --trainer.max_epochs 2",
    SWEEP: "neutnn fit -c ucr/arrowhead --model.theta 30 --run_dir runs/arrowhead-30 "
    "--trainer.max_epochs 1 --trainer.enable_progress_bar false",
    "neutnn flow -c ucr/sony2_chip": "neutnn flow -c ucr/sony2_chip --to rtl --data.name "
    "ItalyPowerDemand --trainer.max_epochs 1",
    "neutnn flow -c ucr/sony2": "neutnn flow -c ucr/arrowhead --to synth --trainer.max_epochs 1",
    "python -m benchmarks.ucr_stream": "python -m benchmarks.ucr_stream --samples 100 --seeds 1 "
    "--sets GunPoint ArrowHead",
    # On a few pictures of noise:
    "neutnn flow -c mnist/small --to freeze": f"neutnn flow -c mnist/small --to freeze {SMALL}",
    "neutnn column runs/small --layer 0 --column 300 --to layout": "neutnn column runs/small "
    "--layer 0 --column 300 --to rtl",
    "python benchmarks/mnist.py prune --recipes mnist/small": "python "
    f"benchmarks/mnist.py prune {FEW}",
    "python benchmarks/mnist.py prune --recipes mnist/dendrites": "python "
    "benchmarks/mnist.py prune --recipes mnist/dendrites --seeds 1 --set trainer.max_epochs=1 "
    "trainer.accelerator=cpu",
    ONLINE: f"python benchmarks/mnist.py online --plot online.png {FEW}",
    "python benchmarks/mnist.py continual": f"python benchmarks/mnist.py continual {FEW}",
    "python benchmarks/mnist.py noise": f"python benchmarks/mnist.py noise {FEW}",
    "python benchmarks/mnist.py segments": "python benchmarks/mnist.py segments --seeds "
    "1 --set trainer.max_epochs=1 trainer.accelerator=cpu",
    "python benchmarks/on_chip.py --epochs 5 --pdk nangate45 asap7": "python "
    "benchmarks/on_chip.py --sets ItalyPowerDemand --epochs 1 --simulator icarus --pdk",
    "python -m benchmarks.chip_quality": "python -m benchmarks.chip_quality --seeds 1 --sets "
    "ItalyPowerDemand",
    ".venv/bin/python benchmarks/kernels_gpu.py": "python benchmarks/kernels_gpu.py --samples 10 "
    "--columns 4",
}
"""Commands that take long, and what is run in their place."""

CODE = {
    "stages=[1, 10]": "stages=[1, 1]",
    "devices=4, max_epochs=11": 'devices=1, max_epochs=2, logger=False, accelerator="cpu", '
    "enable_progress_bar=False",
}
"""What makes a Python block short."""

LAUNCHERS = "tests/neutnn_pl/strategies/test_launchers.py"
SEARCH = "tests/neutnn_pl/explore/test_engine.py::test_a_tiny_search_goes_on_and_refuses_another"
FLOWS = "tests/neutnn_pl/test_flows.py::test_two_libraries_and_one_failure_on_ray"
SILICON = "tests/benchmarks/test_silicon.py"
LAYOUTS = "tests/benchmarks/test_layouts.py"
LEARNERS = "tests/benchmarks/test_learning_silicon.py"
EXAMPLE = "tests/hls/ckernel/test_ckernel.py"
STUDY = "tests/neutnn_pl/explore/test_study.py::test_a_short_study_goes_on"
IMAGES = "tests/benchmarks/test_mnist.py::test_a_study_of_a_few_pictures_of_noise"
TABLES = "tests/benchmarks/test_ucr.py::test_a_short_study_writes_what_the_tables_read"
FIGURES = "tests/benchmarks/test_ucr.py::test_figures_are_drawn"
TRACKING = "tests/neutnn_pl/test_tracking.py"
SPEED = "benchmarks/kernels/test_speed.py"
ELSEWHERE = {
    "make demo": "tests/test_flow.py",
    "make docs": "tests/test_site.py",
    "make notebooks": "tests/test_notebooks.py::test_outputs_are_written_as_a_notebook_holds_them",
    "pip install .": "tests/test_packaging.py",
    "source .venv/bin/activate": "scripts/setup.sh",
    "neutnn fit -c mnist/multi_gpu --trainer.devices 4": LAUNCHERS,
    "torchrun --nnodes 2 --nproc-per-node 4 -m neutnn_pl.cli fit -c mnist/multi_gpu "
    "--trainer.devices 4 --trainer.num_nodes 2": LAUNCHERS,
    "neutnn flows ucr/arrowhead ucr/ecg200 --pdk osu018,nangate45 --to synth --dir "
    "runs/flows": FLOWS,
    "python benchmarks/silicon.py": SILICON,
    "python benchmarks/forecast_fit.py": "tests/hls/forecast/test_forecast.py",
    "python benchmarks/silicon.py --only ECG200 --pdk asap7": SILICON,
    "python -m benchmarks.layouts --only SonyAIBORobotSurface2 --pdk nangate45": LAYOUTS,
    "python -m benchmarks.learning_silicon": LEARNERS,
    "python -m benchmarks.layouts --only SonyAIBORobotSurface2 --pdk asap7 --clock-ns 1": LAYOUTS,
    "python -m benchmarks.layouts --only SonyAIBORobotSurface2 --pdk nangate45 --fastest": LAYOUTS,
    "python -m benchmarks.power_check": LAYOUTS,
    "gcc -std=c99 -O2 -o example sony65_65x2.c sony65_65x2_example.c && ./example": EXAMPLE,
    "neutnn explore -c mnist/explore": SEARCH,
    "neutnn fit -c runs/mnist/explore/front/3.yaml": SEARCH,
    "python benchmarks/mnist.py prune --recipes mnist/dog": IMAGES,
    "python -m benchmarks.mnist_more everything": IMAGES,
    "python -m benchmarks.mnist_more jitter": IMAGES,
    "python -m benchmarks.mnist_more while_learning": IMAGES,
    "python -m benchmarks.mnist_more budget": IMAGES,
    "python -m benchmarks.mnist_more features --plot docs/images/mnist_features.png": IMAGES,
    "python -m benchmarks.ucr_study": TABLES,
    "python -m benchmarks.ucr_tables --readme --figure docs/images/ucr_ranks.png "
    "--document docs/ucr_tables.md": TABLES,
    "python -m benchmarks.ucr_figures": FIGURES,
    "neutnn explore -c ucr/study --dir runs/ucr_study": STUDY,
    "neutnn explore -c ucr/study --set sets=[seven]": STUDY,
    "neutnn explore -c ucr/study --set sets=[folder] --set root=/data/Univariate_ts": STUDY,
    "neutnn explore -c ucr/study --wandb": TRACKING,
    "neutnn flow --wandb": TRACKING,
    "wandb sync runs/ecg200-*/wandb/offline-run-*": TRACKING,
    "python benchmarks/place_cells.py": "tests/test_place_cells_study.py",
    "python benchmarks/processes.py --samples 60000 --batch-size 1024": "tests/benchmarks/"
    "test_processes.py",
    "python benchmarks/place_cells_chip.py": "tests/test_place_cells_study.py",
    "NEUTNN_DATA=... .venv/bin/python -m benchmarks.kernels": SPEED,
    ".venv/bin/python -m pytest benchmarks/kernels": SPEED,
    ".venv/bin/python -m pytest tests/neutnn_pl/kernels/test_triton.py": "tests/neutnn_pl/kernels/"
    "test_triton.py",
    "neutnn flow -c place_cells/chip": "tests/test_place_cells_study.py",
    "neutnn flow -c ucr/arrowhead --hls.arch bitplane --to verify": "tests/test_flow.py",
    "neutnn run runs/arrowhead --input spikes.npy --output answers.npz --target bambu": "tests/hls/"
    "bambu/test_step.py::test_bambu_as_a_target",
    "python scripts/export_hls.py runs/arrowhead --hls.arch stream": "tests/test_scripts.py",
    "neutnn compare runs/arrowhead --architectures": "tests/hls/report/test_architectures.py",
    "neutnn compare RUN --architectures rolled,bitplane,unrolled,pipelined,stream --pdk asap7 "
    "--limit 600": "tests/hls/report/test_architectures.py",
    "neutnn compare RUN --architectures rolled,bitplane,unrolled,pipelined,stream --pdk nangate45 "
    "--limit 600": "tests/hls/report/test_architectures.py",
    "neutnn run --target c": "tests/neutnn_pl/test_run.py",
    "neutnn run --target bambu": "tests/hls/bambu/test_step.py::test_bambu_as_a_target",
    "neutnn run --target numba": "tests/neutnn_pl/test_run.py",
    # In the notebooks:
    "neutnn flow -c my.yaml": "tests/test_readme.py",
    "neutnn fit -c my.yaml": "tests/test_readme.py",
    "neutnn cp place_cells/plane my.yaml": "tests/test_recipes.py",
    "neutnn column runs/small --layer 0 --column 300": "tests/neutnn_pl/test_columns.py",
}
"""Commands that another test runs: in a short form, or what they start."""

TRIED = {
    "neutnn explore -c mnist/explore --ray auto --trials 200 --dir runs/mnist/longer "
    "--set trainer.limit_train_batches=1.0",
}
"""Commands that need what a test has not (a cluster): only their options are read."""
