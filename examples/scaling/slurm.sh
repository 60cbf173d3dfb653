#!/bin/bash
# Trains on two machines under SLURM: sbatch examples/scaling/slurm.sh
# The job's folder must be on a file system that both machines see.
#SBATCH --job-name=fer-edge
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail

PORT=${PORT:-12345}
HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$PORT\"/" | paste -sd,)
export HOSTS

# Each task names itself: SLURM_PROCID 0 is the chief. A requeued job resumes at the last epoch.
srun bash -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$HOSTS]}, \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec fer-edge pipeline small --data shards --out runs/small
'
